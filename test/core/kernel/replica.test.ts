/** Simulated threads, not real ones: what every thread keeps of entries, and what a thread that comes up knows of them. */
import { expect, test } from "@jest/globals";
import { noteModule } from "../../../core/actor/behaviour-module.ts";
import { refKey } from "../../../core/actor/ref.ts";
import { type Context, defineActor } from "../../../core/index.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const module = "sim:replica";
/** Publishes in its `init`. */
const publisher = defineActor({
  module,
  init: (_: undefined, ctx) => void ctx.publish("news", "init"),
  receive: () => undefined,
});
/** Does in its `init` what it is told. */
const doer = defineActor({
  module,
  init: (what: "subscribe" | "join" | "monitor", ctx) => {
    if (what === "subscribe") void ctx.subscribe("news");
    else if (what === "join") void ctx.join("group");
    else for (const group of ["group", "other", undefined]) ctx.monitorGroup(group);
    return [] as unknown[];
  },
  receive: (seen, message: unknown) => void seen.push(message),
});
const exports = { publisher, doer };
noteModule(publisher, { url: module, exportName: "publisher" });
noteModule(doer, { url: module, exportName: "doer" });

const seeds = Array.from({ length: 30 }, (_, at) => at + 1);
const start = (seed: number, threads: number) =>
  new SimulatedSystem(seed, threads, { importModule: () => Promise.resolve(exports) });
const guest = (system: SimulatedSystem, thread: number) => system.kernel(thread).guest.ctx as Context;

/** Microtasks between two steps: a module in memory takes a few to load. */
async function ticks(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

async function rest(system: SimulatedSystem): Promise<void> {
  do await ticks();
  while (system.step());
}

test("S13.1: what the first actor of a new thread publishes reaches a subscription that stood before", async () => {
  const missed: number[] = [];
  for (const seed of seeds) {
    const system = start(seed, 2);
    const subscriber = guest(system, 1).spawn(doer, "subscribe", { placement: "local" });
    await rest(system);
    system.addThread(2);
    guest(system, 1).spawn(publisher, undefined, { placement: { thread: 2 } });
    await rest(system);
    const seen = system.kernel(1).cellOf(subscriber)?.state as unknown[];
    if (seen.length !== 1) missed.push(seed);
  }
  expect(missed).toEqual([]);
});

test("S13.1: the same where main has spawned that actor before it tells the thread what others know", async () => {
  const missed: number[] = [];
  for (const seed of seeds) {
    const system = start(seed, 2);
    // More than a ring holds, so that it comes in pieces.
    for (let at = 0; at < 100; at++) void guest(system, 1).subscribe(`others.${at}`);
    const subscriber = guest(system, 1).spawn(doer, "subscribe", { placement: "local" });
    await rest(system);
    const { introduction } = system.kernel(0);
    const begin = introduction.begin.bind(introduction);
    // As with a thread of an actor's own: it is started for that spawn.
    introduction.begin = (thread) => {
      guest(system, 0).spawn(publisher, undefined, { placement: { thread } });
      begin(thread);
    };
    system.addThread(2);
    await rest(system);
    const seen = system.kernel(1).cellOf(subscriber)?.state as unknown[];
    if (seen.length !== 1) missed.push(seed);
  }
  expect(missed).toEqual([]);
});

test("what a lost thread had published for a thread that comes up is received, and then what main says goes on", async () => {
  for (const seed of seeds) {
    const system = start(seed, 2);
    const stays = guest(system, 0).spawn(doer, "join", { placement: "local" });
    await rest(system);
    const late = system.addThread(2);
    const left = guest(system, 1).spawn(doer, "join", { placement: { thread: 2 } });
    system.kernel(1).scheduler.drain();
    system.killThread(1, "killed");
    const made = guest(system, 0).spawn(doer, "monitor", { placement: { thread: 2 } });
    let isJoined = false;
    void guest(system, 0)
      .join("group", made)
      .then(() => (isJoined = true));
    await rest(system);
    expect(isJoined).toBe(true);
    expect(late.memory.hasLossToTake(late.thread)).toBe(false);
    for (const kernel of [system.kernel(0), late])
      expect(new Set(kernel.groups.members("group").map(refKey))).toEqual(new Set([stays, left, made].map(refKey)));
  }
});

test("a thread of an actor's own does not end while that actor waits for what main has to tell", async () => {
  const system = start(1, 2);
  guest(system, 0).spawn(doer, "join", { placement: "local" });
  await rest(system);
  const late = system.addThread(2);
  Object.assign(late, { isDedicated: true });
  late.memory.starter = () => 1;
  const own = guest(system, 1).spawn(doer, "join", { placement: { thread: 2 } });
  system.kernel(1).scheduler.drain();
  system.killThread(1, "killed");
  late.scheduler.drain();
  await rest(system);
  expect(system.kernel(0).groups.members("group")).toContainEqual(own);
});

test("nothing is kept of a lost thread, also where changes of it come behind the word of its loss", async () => {
  for (const seed of seeds) {
    const system = start(seed, 3);
    guest(system, 1).spawn(doer, "join", { placement: "local" });
    for (let steps = seed % 12; steps > 0; steps--) {
      system.step();
      await ticks();
    }
    system.killThread(1, "killed");
    await rest(system);
    for (const thread of [0, 2])
      expect(system.kernel(thread).replica.sizes).toEqual({ holders: 0, awaited: 0, threads: 0 });
  }
});

test("nothing is kept of a monitor of groups whose actor has ended, also where no group changes", async () => {
  const system = start(1, 1);
  const watcher = guest(system, 0).spawn(doer, "monitor");
  await rest(system);
  expect(system.kernel(0).groups.monitors).toBe(3);
  guest(system, 0).exit(watcher, "kill");
  await rest(system);
  expect(system.kernel(0).groups.monitors).toBe(0);
});

test("S12.4: a monitor of all groups begins without those whose last member ends while it is made", async () => {
  const system = start(1, 2);
  const member = guest(system, 1).spawn(doer, "join", { placement: "local" });
  await rest(system);
  const { memory } = system;
  const generation = memory.generation.bind(memory);
  let looks = 0;
  // On its own thread it ends between two looks of this one.
  memory.generation = (thread, slot) => {
    const was = generation(thread, slot);
    if (++looks === 1) memory.killSlot(member.thread, member.slot, member.generation);
    return was;
  };
  expect([...guest(system, 0).monitorGroup().members]).toEqual([["group", [member]]]);
  expect([...guest(system, 0).monitorGroup().members]).toEqual([]);
});

test("S12.2: a join waits for a member's thread however long that has other work", async () => {
  const system = start(1, 2);
  const member = guest(system, 1).spawn(doer, "subscribe", { placement: "local" });
  await rest(system);
  let outcome = "waits";
  void guest(system, 0)
    .join("group", member)
    .then(
      () => (outcome = "joined"),
      (error: { code: string }) => (outcome = error.code),
    );
  system.kernel(0).scheduler.drain();
  system.passTime(86_400_000);
  system.kernel(0).scheduler.drain();
  await ticks();
  expect(outcome).toBe("waits");
  await rest(system);
  expect(outcome).toBe("joined");
  expect(system.kernel(0).groups.members("group")).toEqual([member]);
});

test("S12.2: a leave that waits for an answer of a lost thread finds that it was not joined", async () => {
  const system = start(1, 2);
  const member = guest(system, 1).spawn(doer, "join", { placement: "local" });
  await rest(system);
  const left = guest(system, 0).leave("group", member);
  const joined = guest(system, 0)
    .join("group", member)
    .catch((error: { code: string }) => error.code);
  system.kernel(0).scheduler.drain();
  system.killThread(1, "killed");
  await rest(system);
  expect(await left).toBe("not_joined");
  expect(await joined).toBe("noproc");
});
