/** Which thread a placement means, at the moment of the spawn. */
import type { Placement } from "../actor/context.ts";
import { describe, RuntimeError } from "../errors.ts";
import type { Kernel } from "./kernel.ts";
import { isRefData } from "./verb-arguments.ts";

/** @throws RuntimeError `invalid_placement`. */
export function threadFor({ memory, thread: own }: Kernel, placement: Placement = "local"): number {
  if (placement === "local") return own;
  if (placement === "spread") return memory.leastLoaded();
  if (typeof placement === "object" && placement !== null) {
    if ("near" in placement && isRefData(placement.near)) {
      const { node, thread, creation = memory.creation } = placement.near;
      if (node === "" && creation === memory.creation && memory.isThreadUp(thread)) return thread;
      throw new RuntimeError("invalid_placement", `placement near ${describe(placement.near)}: its thread is gone`);
    }
    if ("thread" in placement) {
      const thread = memory.threadAt(placement.thread);
      if (thread !== undefined) return thread;
      throw new RuntimeError(
        "invalid_placement",
        `placement { thread: ${describe(placement.thread)} }: this system has threads 0 (main) to ${memory.schedulers - 1}`,
      );
    }
  }
  throw new RuntimeError(
    "invalid_placement",
    `placement is "local", "spread", { near: ref } or { thread: n }, got ${describe(placement)}`,
  );
}
