/** Three real threads by nature: the signal of a third actor races with the spawn. The placement is the claim. */
import { expect, test } from "@jest/globals";
import { type Ref, startSystem } from "../../../index.ts";
import { gossip } from "../../fixtures/early-signals.ts";

test("S6.1: a message of a third actor, which may be faster than the spawn, is never lost", async () => {
  await using system = await startSystem({ threads: 3, spare: false });
  const third = await system.spawn(gossip, undefined, { placement: { thread: 2 } });
  const spawner = await system.spawn(gossip, undefined, { placement: { thread: 1 } });
  const rounds = 2_000;
  await spawner.call("spread", { rounds, via: third as Ref, behaviour: { thread: 3 } }, { timeoutMs: 30_000 });
  await system.settled();
  const { deadLetters, threads } = await system.stats();
  expect(deadLetters.noproc).toBe(0);
  // Every newcomer got its one message and ended by it.
  expect(threads.find(({ position }) => position === 3)).toMatchObject({ spawned: rounds, actors: 0 });
});
