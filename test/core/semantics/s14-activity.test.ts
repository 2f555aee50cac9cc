/** core/SEMANTICS.md, S14.8 to S14.10: what a system says of what it does. */
import { expect, test } from "@jest/globals";
import { type Ref, refKey } from "../../../core/index.ts";
import type { ActivityAnswer } from "../../../core/kernel/activity-counts.ts";
import type { Kernel } from "../../../core/kernel/kernel.ts";
import { Activity } from "../../../core/system/activity.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

describePlacements("S14 Activity", (place) => {
  test("S14.8: a reading has the turns of each actor since the last one", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const idle = await place.spawn(system(), puppet, undefined);
    subject.send("before the first");
    await system().settled();
    const activity = system().activity();
    const of = [subject, idle];
    const first = await activity.read({ of });
    expect([first.forMs, first.actors.map(({ turns, busyMs }) => [turns, busyMs])]).toEqual([
      0,
      [
        [0, 0],
        [0, 0],
      ],
    ]);
    for (let n = 0; n < 5; n++) subject.send(n);
    await system().settled();
    const { actors, forMs } = await activity.read({ of });
    expect(actors.map(({ turns, ref }) => [refKey(ref), turns])).toEqual([
      [refKey(subject), 5],
      [refKey(idle), 0],
    ]);
    expect(actors[0]?.busyMs).toBeGreaterThan(0);
    expect(forMs).toBeGreaterThan(0);
    expect((await activity.read({ of })).actors.map(({ turns }) => turns)).toEqual([0, 0]);
  });

  test("S14.8: a reading has about how many bytes the messages hold that wait", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    await system().pause(subject);
    const bytesOf = async () =>
      (
        await system()
          .activity()
          .read({ of: [subject] })
      ).actors[0]?.heldBytes;
    expect(await bytesOf()).toBe(0);
    for (let n = 0; n < 40; n++) subject.send("x".repeat(10_000));
    await system().settled();
    expect(await bytesOf()).toBeGreaterThanOrEqual(400_000);
    expect(await bytesOf()).toBeLessThan(420_000);
    await system().resume(subject);
    await system().settled();
    expect(await bytesOf()).toBe(0);
  });

  test("S14.8: those who look each count for themselves", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const [one, other] = [system().activity(), system().activity()];
    const turnsOf = async (activity: typeof one) => (await activity.read({ of: [subject] })).actors[0]?.turns;
    expect([await turnsOf(one), await turnsOf(other)]).toEqual([0, 0]);
    subject.send(1);
    await system().settled();
    expect(await turnsOf(one)).toBe(1);
    subject.send(2);
    await system().settled();
    expect([await turnsOf(one), await turnsOf(other)]).toEqual([1, 2]);
  });

  test("S14.8: the busiest come first, by the column that is asked for, and so many as are", async () => {
    const crowd = await Promise.all(Array.from({ length: 4 }, () => place.spawn(system(), puppet, undefined)));
    const activity = system().activity();
    await activity.read();
    for (const [at, ref] of crowd.entries()) for (let n = 0; n <= at; n++) ref.send(n);
    await system().settled();
    const keysOf = (refs: readonly { ref: { thread: number; slot: number; generation: number; node: string } }[]) =>
      refs.map(({ ref }) => refKey(ref));
    const top = [...crowd].reverse().slice(0, 3).map(refKey);
    expect(keysOf((await activity.read({ sort: "turns", limit: 3 })).actors)).toEqual(top);
    for (const ref of crowd) await system().pause(ref);
    for (const [at, ref] of crowd.entries()) for (let n = 0; n <= at; n++) ref.send(n);
    await system().settled();
    const { actors } = await activity.read({ sort: "messages", limit: 3 });
    expect(keysOf(actors)).toEqual(top);
    expect(actors.map(({ messages }) => messages)).toEqual([4, 3, 2]);
    for (const ref of crowd) await system().stopActor(ref as Ref);
  });
});

test("S14.9: a thread's turns are those of its actors, its heap and load its own", async () => {
  const place = { placement: { thread: 1 } };
  const subject = await system().spawn(puppet, undefined, place);
  const activity = system().activity();
  await activity.read();
  for (let n = 0; n < 7; n++) subject.send(n);
  await system().settled();
  const { threads } = await activity.read();
  const thread = threads.find(({ position }) => position === 1);
  expect(thread).toMatchObject({ thread: subject.thread, turns: 7, heldBy: undefined });
  expect(thread?.heapBytes).toBeGreaterThan(1_000_000);
  expect(thread?.load).toBeGreaterThan(0);
  expect(thread?.load).toBeLessThanOrEqual(1);
  // Threads that actors have for themselves are there as well.
  expect(threads.map(({ position }) => position).filter((position) => position >= 0)).toEqual([0, 1, 2]);
});

test("S14.9: what a thread does while another has not answered yet is of the next reading", async () => {
  const turns = [0, 0];
  const memory = {
    threadsUp: () => [0, 1],
    countersOf: (thread: number) => ({ get: () => turns[thread], unread: 0 }),
    position: (thread: number) => thread,
    actors: () => 1,
  };
  const late = Promise.withResolvers<void>();
  const answer = { actors: [], heapBytes: 1, workedMs: 0 } as unknown as ActivityAnswer;
  let isLate = false;
  const activity = new Activity({ memory } as unknown as Kernel, async (thread) => {
    if (isLate && thread === 1) await late.promise;
    return answer;
  });
  await activity.read();
  const turnsOf = async (reading: ReturnType<Activity["read"]>) =>
    (await reading).threads.map((thread) => thread.turns);
  turns[0] = 5;
  isLate = true;
  const first = turnsOf(activity.read());
  await Promise.resolve().then(() => {});
  turns[0] = 12;
  late.resolve();
  expect(await first).toEqual([5, 0]);
  expect(await turnsOf(activity.read())).toEqual([7, 0]);
});

test.each([
  [{ sort: "name" }, /sort is one of messages, turns, busyMs, got "name"/],
  [{ limit: -1 }, /limit is a whole number from 0, got -1/],
  [{ of: 5 }, /of is a list of refs, got 5/],
  [{ timeoutMs: 0 }, /timeoutMs is above 0, got 0/],
  [{ wrong: 1 }, /there is no "wrong"; it takes sort, limit, of, timeoutMs/],
])("%j is no question about activity", async (options, message) => {
  await expect(
    system()
      .activity()
      .read(options as never),
  ).rejects.toMatchObject({
    code: "bad_argument",
    message: expect.stringMatching(message),
  });
});
