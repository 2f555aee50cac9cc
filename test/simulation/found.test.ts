/** What the simulation found so rarely that a seed is no good test of it: the same in a few steps, on simulated threads. */
import { expect, test } from "@jest/globals";
import { noteModule } from "../../core/actor/behaviour-module.ts";
import type { Ref } from "../../core/actor/ref.ts";
import { defineActor } from "../../core/index.ts";
import { SimulatedSystem } from "../support/simulated-system.ts";

const module = "sim:found";
const ignoring = defineActor({ module, init: (_: undefined, ctx) => ctx.ignore(), receive: () => undefined });
/** Links to what it is sent, and tells its parent the exits that it gets. */
const linker = defineActor({
  module,
  init: (_: undefined, ctx) => ctx.trapExit(true),
  receive: (_, message: { link: Ref } | { type: "exit"; reason: unknown }, ctx) => {
    if ("link" in message) ctx.link(message.link);
    else void ctx.send(ctx.parent as Ref, { told: message.reason });
  },
});
const exports = { ignoring, linker };
noteModule(ignoring, { url: module, exportName: "ignoring" });
noteModule(linker, { url: module, exportName: "linker" });

async function rest(system: SimulatedSystem): Promise<void> {
  for (let i = 0; i < 10; i++) {
    system.settle();
    // The load of a module in memory takes a few ticks.
    await new Promise(setImmediate);
  }
}

test("whoever links to a child whose start fails gets its exit, on the starter's thread too", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const system = new SimulatedSystem(seed, 2, { importModule: () => Promise.resolve(exports) });
    const ctx = system.kernel(0).guest.ctx!;
    const other = ctx.spawn(linker, undefined, { placement: "local" });
    await rest(system);
    const child = ctx.spawnLink(ignoring, undefined, { ack: true, placement: { thread: 1 } });
    void ctx.send(other, { link: child });
    await rest(system);
    const got = system.guestMessages.map(({ message }) => message);
    expect(got).toContainEqual({ told: "normal" });
    expect(got).toMatchObject(expect.arrayContaining([expect.objectContaining({ type: "started" })]));
    expect(got).toHaveLength(2);
  }
});

test("a spawn to the place of a thread that was lost before this one came up ends at once", async () => {
  const system = new SimulatedSystem(1, 3, { importModule: () => Promise.resolve(exports) });
  system.killThread(1, "killed");
  system.killThread(2, "killed");
  await rest(system);
  const late = system.addThread(1);
  await rest(system);
  late.guest.ctx!.spawnMonitor(ignoring, undefined, { placement: { thread: 2 } });
  await rest(system);
  expect(system.guestMessages.map(({ message }) => message)).toMatchObject([{ type: "down", reason: "noproc" }]);
});

test("a spawn that is lost with its spawner's thread does not count on the thread that it was for", () => {
  const system = new SimulatedSystem(1, 3, { importModule: () => Promise.resolve(exports) });
  const ctx = system.kernel(1).guest.ctx!;
  for (let n = 0; n < 3; n++) ctx.spawn(ignoring, undefined, { placement: { thread: 2 } });
  expect(system.memory.actors(2)).toBe(3);
  system.killThread(1, "killed");
  system.settle();
  expect(system.memory.actors(2)).toBe(0);
});
