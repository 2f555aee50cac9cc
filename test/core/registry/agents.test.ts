/** Simulated threads, not real ones: what a thread tells of its actors in shared memory, how often, and how others read it (S15.2, S15.9). */
import { expect, test } from "@jest/globals";
import { noteModule } from "../../../core/actor/behaviour-module.ts";
import { type Agent, type AgentTrouble, type Context, defineActor, type Ref, refKey } from "../../../core/index.ts";
import { ageMs, timeWord } from "../../../core/kernel/agent-words.ts";
import type { SupervisorSetup } from "../../../supervisors/index.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";
import { SimulatedTree } from "../../support/simulated-tree.ts";

const module = "sim:agents";
const idle = defineActor({ module, receive: () => undefined });
noteModule(idle, { url: module, exportName: "idle" });

const capability = "skill";
const declaration = { capabilities: [{ name: capability }] };
const guest = (system: SimulatedSystem, thread: number) => system.kernel(thread).guest.ctx as Context;
const find = (system: SimulatedSystem, thread: number): Agent[] => guest(system, thread).find({ capability });

/** Two threads, with so many agents on the second. */
function start(agents: number): { readonly system: SimulatedSystem; readonly refs: readonly Ref[] } {
  const system = new SimulatedSystem(1, 2);
  const refs = Array.from({ length: agents }, () => guest(system, 1).spawn(idle, undefined, { declaration }));
  system.settle();
  system.advance(1_000);
  return { system, refs };
}

test("S15.2: a thread tells of all every 5 ms for each 1,000 that it has, and meanwhile of those alone that it serves", () => {
  for (const [agents, everyMs] of [
    [900, 5],
    [1_500, 10],
  ] as const) {
    const { system, refs } = start(agents);
    const told: { readonly slot: number; readonly atMs: number }[] = [];
    const { memory } = system;
    const tellAgent = memory.tellAgent.bind(memory);
    memory.tellAgent = (thread, slot, ...words) => {
      told.push({ slot, atMs: system.nowMs });
      tellAgent(thread, slot, ...words);
    };
    const forMs = 150;
    const served = refs[0] as Ref;
    for (let ms = 0; ms < forMs; ms++) {
      system.nowMs++;
      guest(system, 1).send(served, "work");
      system.kernel(1).scheduler.drain();
    }
    const rounds = forMs / everyMs;
    expect(told.length).toBeLessThanOrEqual(agents * (rounds + 1) + forMs);
    // Each of them in each round, the one that is served in each drain.
    for (const { slot } of refs.slice(1, 20))
      expect(told.filter((one) => one.slot === slot).length).toBeGreaterThanOrEqual(rounds - 1);
    expect(told.filter((one) => one.slot === served.slot).length).toBeGreaterThanOrEqual(forMs);
  }
});

test("S15.2: what happens with one of many in the last drain before the thread rests is told, also where nobody has said so", () => {
  const { system, refs } = start(1_500);
  const kernel = system.kernel(1);
  const pause = (ref: Ref) => {
    void kernel.controls.ask(kernel.guest, "pause", ref);
    system.settle();
  };
  const paused = () =>
    find(system, 0)
      .filter(({ state }) => state === "paused")
      .map(({ ref }) => refKey(ref));
  const some = refs.slice(0, 3);
  for (const ref of some) pause(ref);
  expect(paused()).toEqual(some.map((ref) => refKey(ref)));
  // As if a change had been overlooked.
  kernel.agents.touched = () => {};
  const more = refs.slice(3, 6);
  for (const ref of more) pause(ref);
  expect(paused()).toHaveLength(3);
  system.advance(10);
  expect(paused()).toEqual([...some, ...more].map((ref) => refKey(ref)));
});

test("S15.9: while one turn holds a thread its actors are found behind others, by other threads alone", () => {
  const system = new SimulatedSystem(1, 2);
  system.nowMs = 1_000;
  const seen: unknown[] = [];
  /** By which tasks are given. */
  const standings: number[] = [];
  const look = (thread: number) => seen.push(find(system, thread).map(({ ref, trouble }) => [ref.thread, trouble]));
  const holder = defineActor({
    receive: () => {
      for (const ms of [480, 36]) {
        system.nowMs += ms;
        look(0);
        look(1);
      }
      const { agents } = system.kernel(0);
      for (const agent of [busy, neighbour]) standings.push(agents.standingOf(agent as Ref));
    },
  });
  const [busy, neighbour] = [0, 1].map((thread) => guest(system, thread).spawn(idle, undefined, { declaration }));
  const ref = guest(system, 1).spawn(holder);
  system.settle();
  guest(system, 0).send(busy as Ref, "waits");
  guest(system, 1).send(ref, "hold");
  system.kernel(1).scheduler.drain();
  look(0);
  const [first, last] = [(busy as Ref).thread, (neighbour as Ref).thread];
  const inOrder = [
    [last, undefined],
    [first, undefined],
  ];
  expect([seen[0], seen[4]]).toEqual([inOrder, inOrder]);
  expect(seen[2]).toEqual([
    [first, undefined],
    [last, "held"],
  ]);
  expect(standings[0]).toBeLessThan(standings[1] as number);
  for (const own of [seen[1], seen[3]]) expect(own).toContainEqual([last, undefined]);
});

/** The trouble of each, by the number of the child. */
async function troublesAfter(
  setup: Omit<SupervisorSetup, "children">,
  children: number,
  fail: (tree: SimulatedTree, refs: readonly Ref[]) => void,
): Promise<(AgentTrouble | undefined)[]> {
  const tree = new SimulatedTree({ threads: 2 });
  const isTemplate = setup.strategy === "simple_one_for_one";
  const child = (n: number) => tree.child(`child ${n}`, { declaration, placement: { thread: 1 } });
  await tree.start({
    ...setup,
    children: isTemplate ? [child(0)] : Array.from({ length: children }, (_, n) => child(n)),
  });
  for (let n = 0; isTemplate && n < children; n++) await tree.ask("startChild", `child ${n}`);
  const refs = async () => {
    await tree.settle();
    return (await tree.ask("whichChildren")).map(({ ref }) => ref as Ref).reverse();
  };
  fail(tree, await refs());
  const after = await refs();
  const agents = find(tree.system, 0);
  return after.map((ref) => agents.find((agent) => refKey(agent.ref) === refKey(ref))?.trouble);
}

const killFirst = (tree: SimulatedTree, [first]: readonly Ref[]) => tree.ctx.exit(first as Ref, "kill");
const loseThread = ({ system }: SimulatedTree) => {
  system.killThread(system.memory.threadAt(1) as number, "lost");
  system.addThread(1);
};

test.each<[string, Parameters<typeof troublesAfter>[0], typeof killFirst, (AgentTrouble | undefined)[]]>([
  ["one_for_one", {}, killFirst, ["restarted", undefined]],
  ["one_for_all", { strategy: "one_for_all" }, killFirst, ["restarted", undefined]],
  ["rest_for_one", { strategy: "rest_for_one" }, killFirst, ["restarted", undefined]],
  ["one_for_one, after the loss of their thread", { intensity: 5 }, loseThread, [undefined, undefined]],
  [
    "one_for_all, after the loss of their thread",
    { strategy: "one_for_all", intensity: 5 },
    loseThread,
    [undefined, undefined],
  ],
])("S15.9: who has failed is restarted, and who went down with it or with its thread is not: %s", async (...row) => {
  const [, setup, fail, expected] = row;
  expect(await troublesAfter(setup, 2, fail)).toEqual(expected);
});

test("S15.9: a child of a template that has failed is restarted", async () => {
  // The one that is restarted is the newest.
  expect(await troublesAfter({ strategy: "simple_one_for_one" }, 2, killFirst)).toEqual([undefined, "restarted"]);
});

test("a time in 32 bits is as old as it is, before and behind where these begin anew", () => {
  const roundMs = 2 ** 32 * 16;
  for (const nowMs of [1e6, roundMs / 2, roundMs - 16, roundMs + 160, 3 * roundMs + 20_000])
    for (const age of [0, 16, 10_000]) expect(ageMs(timeWord(nowMs - age), nowMs) ?? 0).toBe(age);
  expect(ageMs(timeWord(undefined), 1e6)).toBeUndefined();
  expect(ageMs(timeWord(100), 32)).toBeLessThan(0);
});
