/** Real threads: what is told of a system while a turn holds one of its threads. */
import { expect, test } from "@jest/globals";
import { type ActorInfo, refKey } from "../../../core/index.ts";
import { startSystem } from "../../../index.ts";
import { dawdler } from "../../fixtures/budgets.ts";

test("S14.7, S14.9: a thread that a turn holds is told, and all others answer for themselves", async () => {
  await using system = await startSystem({ threads: 2, spare: false, turnLimitMs: Number.POSITIVE_INFINITY });
  const looping = await system.spawn(dawdler, {}, { name: "looping", placement: { thread: 1 } });
  const other = await system.spawn(dawdler, {}, { placement: { thread: 2 } });
  const activity = system.activity();
  await activity.read();
  looping.call("loop").catch(() => undefined);
  while (system.remaining().turns.length === 0) await new Promise(setImmediate);
  const held: (readonly [number, number])[] = [];
  const unanswered = (thread: number, position: number) => void held.push([thread, position]);
  const look = { timeoutMs: 1_000, unanswered };
  const letters = system.deadLetters(look);
  const named = (infos: readonly ActorInfo[]) => infos.map(({ ref, name }) => name ?? refKey(ref));
  expect(named(await system.actors(look))).toEqual(["system.supervisor", "system.registry", refKey(other)]);
  expect(named(await system.tree(look))).toEqual(["system.supervisor", refKey(other)]);
  expect(await letters).toEqual([]);
  expect(held).toEqual(Array.from({ length: 3 }, () => [looping.thread, 1]));
  await expect(system.actors({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: "timeout" });
  const { threads } = await activity.read({ timeoutMs: 1_000 });
  expect(threads.find(({ position }) => position === 1)).toMatchObject({
    actors: 1,
    heapBytes: undefined,
    load: undefined,
    heldBy: { name: "looping" },
  });
  system.exit(looping, "kill");
});

test.each([
  [{ timeoutMs: 0 }, /timeoutMs above 0, got 0/],
  [{ unanswered: 1 }, /unanswered to be a function, got 1/],
  [{ wrong: 1 }, /there is no "wrong"; it takes timeoutMs, unanswered/],
])("actors and tree refuse %j", async (options, message) => {
  await using system = await startSystem({ threads: 1, spare: false });
  const refused = { code: "bad_argument", message: expect.stringMatching(message) };
  await expect(system.actors(options as never)).rejects.toMatchObject(refused);
  await expect(system.tree(options as never)).rejects.toMatchObject(refused);
});
