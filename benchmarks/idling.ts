/** The actors of `idle.ts`: children of one template that do nothing, and the drivers that have them started. */
import { defineActor, defineSupervisor } from "../index.ts";
import { type Driver, type DriverPlace, driver, there } from "./drivers.ts";
import { heldBytes } from "./peers/held-bytes.ts";
import type { Repetition } from "./peers/scenario.ts";

/** What all children are started with: its fields are nobody's own. */
const shared = { limits: [1, 2, 3], name: "shared by all" };

export const idler = defineActor({ init: (argument: typeof shared) => argument, receive: () => {} });

export const idlers = defineSupervisor(() => ({
  strategy: "simple_one_for_one",
  children: [{ id: "idler", start: [idler, shared] }],
}));

const forEver = { timeoutMs: Number.POSITIVE_INFINITY };

/** @param together so many are asked for before the first of them is awaited */
function idleDriver(together: number): Driver {
  return driver({
    init: (place: DriverPlace) => place,
    async play(place, actors: number, ctx): Promise<Repetition> {
      const supervisor = ctx.spawn(idlers, undefined, there(place));
      await supervisor.call("countChildren");
      const before = heldBytes();
      const startMs = performance.now();
      for (let made = 0; made < actors; made += together) {
        const due = Array.from({ length: Math.min(together, actors - made) }, () =>
          supervisor.call("startChild", undefined, forEver),
        );
        await Promise.all(due);
      }
      const elapsedMs = performance.now() - startMs;
      const bytes = heldBytes() - before;
      const { active: result } = await supervisor.call("countChildren");
      // Outside the time, and not by turns: the children are linked to it.
      ctx.exit(supervisor, "kill");
      return { result, elapsedMs, bytes };
    },
  });
}

export const manyIdleDriver: Driver = idleDriver(1_000);
export const startChildDriver: Driver = idleDriver(1);
