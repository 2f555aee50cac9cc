/** core/SEMANTICS.md, S5.6: ticks of `sendEvery` that pass while the thread cannot look. Simulated threads, whose time can jump. */
import { expect, test } from "@jest/globals";
import type { Context, Ref } from "../../../core/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { SimulatedTree } from "../../support/simulated-tree.ts";

const periodMs = 100;

async function ticksAt(options: object | undefined, target: "self" | "other"): Promise<number[]> {
  const tree = new SimulatedTree({ seed: 1, threads: 2 });
  await tree.start({ children: [] });
  const ctx: Context = tree.ctx;
  const keeper = ctx.spawn(puppet, undefined, { placement: { thread: 1 } });
  await tree.settle();
  const sender = target === "self" ? keeper : ctx.spawn(puppet);
  const to = target === "self" ? [] : [keeper];
  await tree.until(ctx.call(sender, "run", ["sendEvery", periodMs, "tick", to[0], options]));
  const counts: number[] = [];
  const look = async () => {
    await tree.settle();
    counts.push(((await tree.until(ctx.call(keeper as Ref, "seen"))) as unknown[]).length);
  };
  await tree.advance(2 * periodMs);
  await look();
  tree.system.passTime(5 * periodMs + 10);
  await look();
  // The tick after it comes at its own time.
  await tree.advance(periodMs - 11);
  await look();
  await tree.advance(1);
  await look();
  return counts;
}

test.each([
  [undefined, [2, 7, 7, 8]],
  [{ missed: "all" }, [2, 7, 7, 8]],
  [{ missed: "once" }, [2, 3, 3, 4]],
  [{ missed: "skip" }, [2, 2, 2, 3]],
] as const)("S5.6: with %j of ticks that were missed, so many have come: %j", async (options, expected) => {
  expect(await ticksAt(options, "self")).toEqual(expected);
  expect(await ticksAt(options, "other")).toEqual(expected);
});
