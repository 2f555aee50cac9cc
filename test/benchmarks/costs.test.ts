/** What a message's cost is measured with: that each feature is there, and what it changes of the result, which is nothing. */
import { expect, test } from "@jest/globals";
import { type FeatureName, features } from "../../benchmarks/features.ts";
import { scenarios as watchedByHand } from "../../benchmarks/peers/hand-watched.ts";
import { startRally } from "../../benchmarks/rally.ts";
import { sameRef } from "../../index.ts";

async function rally(...names: readonly FeatureName[]) {
  const started = await startRally(names.map((name) => features[name]));
  return { ...started, [Symbol.asyncDispose]: () => started.system.stop() };
}

test.each([[], ...(Object.keys(features) as FeatureName[]).map((name) => [name])])(
  "each trip is made, twice: %s",
  async (...names) => {
    await using one = await rally(...names);
    for (let time = 0; time < 2; time++)
      expect(await one.play(300)).toEqual({ result: 300, elapsedMs: expect.any(Number) });
  },
);

test("the three of the goal are there at once", async () => {
  await using one = await rally("supervised", "declared", "counted");
  await one.play(300);
  const parent = (await one.system.info(one.ping)).parent;
  const tree = await one.system.tree();
  const supervisor = tree.find(({ ref }) => parent !== undefined && sameRef(ref, parent));
  expect(supervisor?.children.map(({ childId }) => childId)).toEqual(["pong", "ping"]);
  expect(one.system.find({ capability: "playing ping-pong" })).toHaveLength(2);
});

test("the bare pair has none of them", async () => {
  await using one = await rally();
  expect((await one.system.info(one.ping)).childId).toBeUndefined();
  expect(one.system.find({ capability: "playing ping-pong" })).toEqual([]);
});

test("so many turns that were not counted make a play void", async () => {
  await using one = await rally();
  const check = await features.counted.attach(one);
  await expect(check(1)).rejects.toThrow("0 turns were counted in 1 round trips");
});

test("the loop that is watched by hand makes each trip", async () => {
  expect(await watchedByHand.pingpong?.(300)).toMatchObject({ result: 300 });
});
