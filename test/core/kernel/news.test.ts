/** Simulated threads, not real ones: how soon every thread has the news of a name, a membership and a declaration (S4.4, S12.2, S15.1). */
import { expect, test } from "@jest/globals";
import { noteModule } from "../../../core/actor/behaviour-module.ts";
import { type Context, defineActor, type Ref } from "../../../core/index.ts";
import type { Kernel } from "../../../core/kernel/kernel.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const module = "sim:news";
const idle = defineActor({ module, receive: () => undefined });
noteModule(idle, { url: module, exportName: "idle" });

const seeds = Array.from({ length: 30 }, (_, at) => at + 1);
const threads = [0, 1, 2] as const;
const guest = (system: SimulatedSystem, thread: number) => system.kernel(thread).guest.ctx as Context;

async function ticks(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

async function rest(system: SimulatedSystem): Promise<void> {
  do await ticks();
  while (system.step());
}

/** Three threads that know one another, and an actor on each. */
async function start(seed: number): Promise<{ readonly system: SimulatedSystem; readonly refs: readonly Ref[] }> {
  const system = new SimulatedSystem(seed, threads.length, { importModule: () => Promise.resolve({ idle }) });
  const refs = threads.map((thread) => guest(system, thread).spawn(idle, undefined, { placement: "local" }));
  for (const from of threads) for (const to of refs) guest(system, from).send(to, "hello");
  await rest(system);
  return { system, refs };
}

/** Steps until the promise has resolved, and no further. */
async function until(system: SimulatedSystem, promise: Promise<unknown>): Promise<void> {
  let isDone = false;
  void promise.then(() => (isDone = true));
  for (await ticks(); !isDone; await ticks()) if (!system.step()) throw new Error("nothing is left to do");
}

const cases: readonly [string, (ctx: Context, ref: Ref) => Promise<unknown>, (kernel: Kernel) => unknown][] = [
  ["a name that was registered", (ctx, ref) => ctx.register("new", ref), ({ names }) => names.whereis("new")],
  ["a group that was joined", (ctx, ref) => ctx.join("new", ref), ({ groups }) => groups.members("new")[0]],
];

test.each(cases)(
  "once its promise has resolved, %s is seen by each thread after one drain of main and one of its own",
  async (_what, change, seen) => {
    for (const seed of seeds) {
      for (const asker of threads) {
        const { system, refs } = await start(seed);
        const ref = refs[seed % threads.length] as Ref;
        await until(system, change(guest(system, asker), ref));
        const all = () => threads.map((thread) => seen(system.kernel(thread)) !== undefined);
        expect(all()[asker]).toBe(true);
        system.kernel(0).scheduler.drain();
        for (const thread of threads) system.kernel(thread).scheduler.drain();
        expect({ seed, asker, seen: all() }).toEqual({ seed, asker, seen: [true, true, true] });
      }
    }
  },
);

test("what an actor declares is seen by each thread after a drain of its own, of main's and of that thread", async () => {
  for (const seed of seeds) {
    const { system, refs } = await start(seed);
    const at = seed % threads.length;
    const kernel = system.kernel(at);
    const cell = kernel.cellOf(refs[at] as Ref);
    if (cell === undefined) throw new Error("it has ended");
    kernel.scheduler.commit(() => kernel.agents.declare(cell, { tags: ["new"] }));
    expect(kernel.agents.find({ tags: ["new"] })).toHaveLength(1);
    for (const thread of [at, 0, ...threads]) system.kernel(thread).scheduler.drain();
    expect(threads.map((thread) => system.kernel(thread).agents.find({ tags: ["new"] }).length)).toEqual([1, 1, 1]);
  }
});

test("S15.6: whoever awaits a start on another thread finds the actor by its declaration as soon as that has resolved", async () => {
  for (const seed of seeds) {
    for (const asker of threads) {
      const { system } = await start(seed);
      const placement = { thread: (asker + 1 + (seed % 2)) % threads.length };
      const begun = guest(system, asker).start(idle, undefined, { placement, declaration: { tags: ["new"] } });
      let found: number | undefined;
      void begun.then(() => (found = guest(system, asker).find({ tags: ["new"] }).length));
      for (await ticks(); found === undefined; await ticks())
        if (!system.step()) throw new Error("nothing is left to do");
      expect({ seed, asker, found }).toEqual({ seed, asker, found: 1 });
    }
  }
});

test("S15.3: a watch is not told that somebody goes whom it did not give: who had ended by then, which its thread learns later", () => {
  for (const seed of seeds) {
    const system = new SimulatedSystem(seed, 2);
    const told: unknown[] = [];
    const listener = defineActor({ receive: (_state, message) => void told.push(message) });
    const agent = guest(system, 1).spawn(idle, undefined, { declaration: { capabilities: [{ name: "new" }] } });
    const watcher = guest(system, 0).spawn(listener);
    system.settle();
    const kernel = system.kernel(0);
    const cell = kernel.cellOf(watcher);
    if (cell === undefined) throw new Error("it has ended");
    guest(system, 1).exit(agent, "kill");
    system.kernel(1).scheduler.drain();
    const { agents } = kernel.scheduler.commit(() => kernel.agents.watch(cell, { capability: "new" }));
    system.settle();
    expect({ seed, agents, told }).toEqual({ seed, agents: [], told: [] });
  }
});

test("S15.1: what an actor does to what it has declared is not seen by others of its thread alone, also without checks", () => {
  const system = new SimulatedSystem(1, 2);
  for (const thread of [0, 1]) Object.assign(system.kernel(thread), { checks: false });
  const declaration = { tags: ["new"] };
  const declaring = defineActor({ init: (_: undefined, ctx) => ctx.declare(declaration), receive: () => undefined });
  guest(system, 1).spawn(declaring, undefined);
  system.settle();
  declaration.tags.push("changed");
  const found = [0, 1].map((thread) => guest(system, thread).find({ tags: ["new"] })[0]?.declaration);
  expect(found).toEqual([{ tags: ["new"] }, { tags: ["new"] }]);
});
