/** A plugin, a plain server that does the same, and the actor beside them that calls both. */
import { definePlugin, defineServer, type Ref } from "../index.ts";
import type { Repetition } from "./peers/scenario.ts";

export const counterPlugin = definePlugin({
  name: "counter",
  version: "1.0.0",
  provides: [{ name: "counting", version: "1.0.0" }],
  behaviour: { calls: { next: (_state, number: number) => number + 1 } },
});

/** Asks it by what it provides. */
export const patronPlugin = definePlugin({
  name: "patron",
  version: "1.0.0",
  requires: [{ name: "counting" }],
  behaviour: {
    calls: {
      play: (_state, play: Pick<CallPlay, "size" | "atOnce">, bus): Promise<Repetition> =>
        timed(play, (number) => bus.request("counting", "next", number)),
    },
  },
});

export const plainCounter = defineServer({
  calls: { next: (_state, number: number) => number + 1 },
});

export interface CallPlay {
  /** Of a patron: by its bus. */
  readonly way: "call" | "request" | "bus";
  /** Who is called. */
  readonly to: Ref;
  readonly size: number;
  /** Calls that are under way at once. */
  readonly atOnce: number;
}

export const counterCaller = defineServer({
  calls: {
    play: (_state, play: CallPlay, ctx): Promise<Repetition> =>
      timed(play, (number) =>
        play.way === "call" ? ctx.call(play.to, "next", number) : ctx.request("capability.counting.next", number),
      ),
  },
});

/** Calls, so many at once; each has its number as its argument. */
async function timed(
  { size, atOnce }: Pick<CallPlay, "size" | "atOnce">,
  ask: (number: number) => Promise<unknown>,
): Promise<Repetition> {
  const startMs = performance.now();
  let result = 0;
  for (let number = 0; number < size; number += atOnce) {
    if (atOnce === 1)
      result += ((await ask(number)) as number) - number; // as both of them answer
    else {
      const calls = Array.from({ length: atOnce }, (_, at) => ask(number + at));
      for (const [at, answer] of (await Promise.all(calls)).entries()) result += (answer as number) - number - at;
    }
  }
  return { result, elapsedMs: performance.now() - startMs };
}
