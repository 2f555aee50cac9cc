/** Each benchmark of Savina's, small, on each stage, and in each placement in which it is measured; all of them between threads. */
import { describe, expect, test } from "@jest/globals";
import { scenarios as onHand } from "../../benchmarks/peers/hand-stage.ts";
import { scenarios as onNact } from "../../benchmarks/peers/nact-stage.ts";
import type { Repetition } from "../../benchmarks/peers/scenario.ts";
import { dedicated, dedicatedSizes, type Place, sameThread, twoThreads } from "../../benchmarks/savina/placements.ts";
import { player } from "../../benchmarks/savina/player.ts";
import { type PlayName, plays } from "../../benchmarks/savina/plays.ts";
import { useSystem } from "../support/use-system.ts";

const names = Object.keys(plays) as PlayName[];
/** Some have but one actor at work where there is less to do. */
const sizes: Readonly<Partial<Record<PlayName, number>>> = {
  apsp: 100 ** 3,
  astar: 30 ** 3,
  quicksort: 10_000,
  sieve: 20_000,
};

describe.each(names)("%s", (name) => {
  const system = useSystem();
  const { expected } = plays[name];
  const size = sizes[name] ?? 600;

  test.each(
    [sameThread, twoThreads, dedicated]
      .filter((place) => place !== dedicated || name in dedicatedSizes)
      .map((place): [string, Place] => [place.placement, place]),
  )(
    "the runtime has the right result, twice, and leaves no actor: %s",
    async (_placement, { player: options, seats }) => {
      const driver = await system().spawn(player, { name, ...(seats && { seats }) }, options);
      await system().settled();
      const before = (await system().stats()).actors;
      for (let time = 0; time < 2; time++) {
        const { result, elapsedMs } = (await driver.call("play", size, { timeoutMs: 60_000 })) as Repetition;
        expect(result).toBe(expected(size));
        expect(elapsedMs).toBeGreaterThan(0);
      }
      await system().settled();
      expect((await system().stats()).actors).toEqual(before);
    },
  );

  test.each([
    ["hand", onHand],
    ["nact", onNact],
  ])("so has %s", async (_peer, scenarios) => {
    expect(await scenarios[name]?.(size)).toMatchObject({ result: expected(size) });
  });
});

describe("where the parts of bndbuffer are made, by the thread's place", () => {
  const system = useSystem();
  const spawned = async (): Promise<ReadonlyMap<number, number>> =>
    new Map((await system().stats()).threads.map((thread) => [thread.position, thread.spawned]));

  test.each([
    { place: sameThread, parts: { 1: 81 } },
    { place: twoThreads, parts: { 1: 41, 2: 40 } },
    { place: dedicated, parts: { [-1]: 1, 1: 80 } },
  ])("$place.placement", async ({ place: { player: options, seats }, parts }) => {
    const driver = await system().spawn(player, { name: "bndbuffer", ...(seats && { seats }) }, options);
    const before = await spawned();
    await driver.call("play", 600, { timeoutMs: 60_000 });
    const made = [...(await spawned())].map(([position, count]) => [position, count - (before.get(position) ?? 0)]);
    expect(Object.fromEntries(made.filter(([, count]) => count !== 0))).toEqual(parts);
  });
});
