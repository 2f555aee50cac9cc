/** Real threads: what a synchronous turn leaves behind on a worker, after its actor's end (core/SEMANTICS.md, S1.4). */
import { expect, test } from "@jest/globals";
import { Probe } from "../../../testing/index.ts";
import { lateStarter, leaver, teller, type Way } from "../../fixtures/left-behind.ts";
import { lateExit, worker } from "../../fixtures/thread-tests.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ threads: 1, spare: false });
const there = { placement: { thread: 1 } } as const;

/** What became of a message to main that code sends which an actor has left behind. */
async function outcomeOf(way: Way): Promise<[outcome: string, messages: readonly unknown[]]> {
  await using probe = await Probe.start(system());
  const listener = await system().spawn(teller, undefined, there);
  const actor = await system().spawn(leaver, undefined, there);
  actor.send({ way, to: probe.ref });
  const outcome = await listener.call("outcome", way);
  await system().settled();
  return [outcome, await probe.all()];
}

test.each<Way>([
  "setTimeout",
  "node:timers",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "process.nextTick",
  "a timer in a timer",
])("S1.4: by %s nothing of the dead is sent", async (way) => {
  expect(await outcomeOf(way)).toEqual(["noproc", []]);
});

// The limit: to know whose code this is would cost every synchronous turn 8 ns or more.
test.each<Way>(["a promise", "promisify(setTimeout)", "node:timers/promises", "a file"])(
  "S1.4, the limit: by %s a synchronous turn leaves code that belongs to nobody, and sends",
  async (way) => {
    expect(await outcomeOf(way)).toEqual(["sent", ["from the dead"]]);
  },
);

test("S1.4: an async init that goes on after its actor's end sends nothing", async () => {
  await using probe = await Probe.start(system());
  const listener = await system().spawn(teller, undefined, there);
  const { ref } = await probe.run((ctx) => ctx.spawnMonitor(lateStarter, probe.ref, there));
  expect(await listener.call("outcome", "begin")).toBe("begun");
  system().exit(ref, "kill");
  expect(await listener.call("outcome", "init")).toBe("noproc");
  expect(await probe.all()).toEqual([expect.objectContaining({ type: "down", reason: "killed" })]);
});

test("process.exit in a timer of a synchronous actor ends that actor", async () => {
  const neighbour = await system().spawn(worker, undefined, there);
  const actor = await system().spawn(lateExit, undefined, there);
  const { down } = await system().monitor(actor);
  actor.send("by a timer");
  expect((await down).reason).toEqual({ exitCalled: 3 });
  expect(await neighbour.call("ping")).toBe("pong");
});
