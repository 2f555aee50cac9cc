/** S13 and cuts for a crowd of one thread, which gets what is published past its mailboxes (core/kernel/fan-outs.ts). */
import { expect, test } from "@jest/globals";
import type { Ref } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { type CrowdNews, crowdMember } from "../../fixtures/crowd.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { useSystem } from "../../support/use-system.ts";

const limitMs = 1_000;
const system = useSystem({ threads: 1, spare: false, clock: "system", turnLimitMs: limitMs });
const there = { placement: { thread: 1 } } as const;
const size = 40;
const chosen = 20;

async function crowd(topic: string) {
  const members = await Promise.all(
    Array.from({ length: size }, (_, place) => system().spawn(crowdMember, { topic, place }, there)),
  );
  await system().settled();
  return members;
}

/** By one publisher of the same thread, in one turn. */
async function publish(topic: string, ...all: readonly CrowdNews[]): Promise<void> {
  const publisher = await system().spawn(puppet, undefined, there);
  publisher.cast(
    "runEach",
    all.map((news) => ["publish", topic, news] as const),
  );
}

test("a member that does not come back is cut down, and all others get this message and the next in order", async () => {
  const members = await crowd("loops");
  const { down } = await system().monitor(members[chosen] as Ref);
  await publish("loops", { number: 1, loops: chosen }, { number: 2 });
  expect(await down).toMatchObject({ reason: { turnLimit: limitMs } });
  const seen = await Promise.all(members.filter((_, at) => at !== chosen).map((member) => member.call("seen")));
  expect(seen).toEqual(Array(size - 1).fill([1, 2]));
});

test("the report of a member that fails tells of what was published since, which becomes dead letters", async () => {
  const members = await crowd("fails");
  const { slot } = members[chosen] as Ref;
  using recorder = new EventRecorder(system(), ["crashed"]);
  await publish("fails", { number: 1, throws: chosen }, { number: 2 });
  await system().settled();
  expect(recorder.of("crashed")).toMatchObject([{ ref: { slot }, queuedCount: 1 }]);
  const letters = (await system().deadLetters()).filter(({ to }) => to.slot === slot);
  expect(letters).toMatchObject([{ why: "noproc" }]);
});

test("an interrupt of a member's turn keeps nothing from the others", async () => {
  const members = await crowd("interrupted");
  const listener = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
  await publish("interrupted", { number: 1, loops: chosen }, { number: 2, tell: listener.toJSON() });
  const { slot } = members[chosen] as Ref;
  while (
    !system()
      .remaining()
      .turns.some(({ ref }) => ref.slot === slot)
  )
    await new Promise(setImmediate);
  expect(await system().interrupt(members[chosen] as Ref, { graceMs: 0 })).toBe(true);
  await system().settled();
  // Nothing has come to their thread since.
  expect(((await listener.call("seen")) as number[]).length).toBe(size);
});
