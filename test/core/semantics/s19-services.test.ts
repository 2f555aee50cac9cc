/** core/SEMANTICS.md, S19: the runtime's own actors and their supervisor. Not in every placement: they run on main. */
import { expect, test } from "@jest/globals";
import { type MofaSystem, type Ref, type RuntimeEvent, startSystem } from "../../../index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { startServiceSystem } from "../../support/service-system.ts";

const manual = { threads: 1, clock: "manual", spare: false } as const;
const intensity = 100;
const givenUp = { shutdown: "reached_max_restart_intensity" };

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    ({ code }: { code: string }) => code,
  );

/** In turns: they share one limit. */
async function killServices(system: MofaSystem, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    system.exit(system.whereis(n % 2 === 0 ? "system.scheduler" : "system.registry") as Ref, "kill");
    await system.settled();
  }
}

const endsOf = (system: MofaSystem): string[] => {
  const ends: string[] = [];
  system.events.on("exited", ({ name, behaviour }) => ends.push(name ?? behaviour));
  return ends;
};

test("S19.1: services are the children of one supervisor on main", async () => {
  await using system = await startSystem(manual);
  system.submit({ to: "nobody", call: "echo" });
  await system.settled();
  const roots = (await system.tree()).map(({ name, position, children }) => [
    name,
    position,
    children.map((child) => [child.name, child.position]),
  ]);
  const children = ["system.scheduler", "system.registry"].map((name) => [name, 0]);
  expect(roots).toEqual([["system.supervisor", 0, children]]);
});

test("S19.1: one that is asked for while the supervisor starts is started behind those before it, and ends before them", async () => {
  const { system, start, told } = await startServiceSystem(manual);
  const spawned: unknown[] = [];
  system.events.on("spawned", ({ behaviour }) => spawned.push(behaviour));
  for (const name of ["system.a", "system.b", "system.c"]) start(name);
  await system.settled();
  // Their names are the first of the system.
  expect(spawned).toEqual(["system.supervisor", "system.a", "system.b", "system.c", "system.registry"]);
  const ends = endsOf(system);
  await system.stop();
  expect(ends).toEqual(["system.registry", "system.c", "system.b", "system.a", "system.supervisor"]);
  expect(told).toEqual(["system.c", "system.b", "system.a"].map((name) => [name, "shutdown"]));
  start("system.d");
  expect(told.at(-1)).toEqual(["system.d", "shutdown"]);
});

test.each(["system.supervisor", "system.scheduler", "of the program"])(
  "S14.1: a supervisor or service that is paused does not hold up the system's end: %s",
  async (paused) => {
    const system = await startSystem(manual);
    system.submit({ to: "nobody", call: "echo" });
    const { ref } = await system.supervise({ children: [{ id: "child", start: [puppet], name: "child" }] });
    const ends = endsOf(system);
    await system.pause(paused === "of the program" ? ref : paused);
    await system.stop();
    expect(ends).toEqual(["child", "supervisor", "system.registry", "system.scheduler", "system.supervisor"]);
  },
);

test("S14.1: a supervisor that is paused is stopped with its children", async () => {
  await using system = await startSystem(manual);
  const { ref } = await system.supervise({ children: [{ id: "child", start: [puppet], name: "child" }] });
  const ends = endsOf(system);
  await system.pause(ref);
  await system.stopActor(ref, "shutdown");
  expect(ends).toEqual(["child", "supervisor"]);
});

test("S14.1: the program itself is no actor that could be held", async () => {
  await using system = await startSystem(manual);
  const agent = await system.spawn(puppet);
  const program = { ...agent.toJSON(), thread: 0, slot: 0, generation: 0 };
  for (const asked of [system.pause(program), system.getState(program), system.replaceState(program, 1)])
    expect(await codeOf(asked)).toBe("noproc");
  const { down } = await system.monitor(agent);
  system.exit(agent, "kill");
  expect((await down).reason).toBe("killed");
});

test("S14.4: of supervisors and services a summary is read, and nothing is put in its place", async () => {
  await using system = await startSystem(manual);
  const { ref } = await system.supervise({ children: [] });
  const task = system.submit({ to: "later", call: "echo", argument: 1 });
  await system.settled();
  expect(await system.getState(ref)).toMatchObject({ supervisor: "one_for_one" });
  expect(await system.getState("system.supervisor")).toMatchObject({ intensity });
  expect(await system.getState("system.scheduler")).toMatchObject({ submitted: 1, waiting: 1 });
  expect(await system.getState("system.registry")).toEqual((await system.stats()).registry);
  for (const actor of [ref, "system.supervisor", "system.scheduler", "system.registry"])
    expect(await codeOf(system.replaceState(actor, {}))).toBe("bad_argument");
  await system.register("later", await system.spawn(puppet));
  expect(await task.result()).toBe(1);
});

test("S19.1: the names of services are theirs alone", async () => {
  await using system = await startSystem(manual);
  const agent = await system.spawn(puppet);
  system.submit({ to: "nobody", call: "echo" });
  await system.settled();
  const name = "system.scheduler";
  const refused = { code: "bad_argument", message: expect.stringContaining('begin with "system."') };
  await expect(system.spawn(puppet, undefined, { name })).rejects.toMatchObject(refused);
  await expect(system.register("system.other", agent)).rejects.toMatchObject(refused);
  await expect(system.unregister(name)).rejects.toMatchObject(refused);
  const tree = await system.supervise({ children: [] });
  expect(await tree.startChild({ id: 1, start: [puppet], name: "system.child" })).toMatchObject({
    error: { code: "start_failed", reason: { error: refused } },
  });
});

test("S19.2: as many ends of services within the period as the intensity change nothing, and more after it neither", async () => {
  await using system = await startSystem(manual);
  const agent = await system.spawn(puppet);
  const task = system.submit({ to: "later", call: "echo", argument: 1 });
  await system.settled();
  await killServices(system, intensity);
  await system.clock.advance(5_001);
  await killServices(system, intensity);
  await system.register("later", agent);
  expect(await task.result()).toBe(1);
});

test("S19.2: with one more end within the period the system ends in order, with that reason", async () => {
  const system = await startSystem(manual);
  const agent = await system.spawn(puppet, undefined, { name: "alone", placement: { thread: 1 } });
  const tree = await system.supervise({
    children: ["first", "second"].map((name) => ({ id: name, start: [puppet], name })),
  });
  const monitor = await system.monitor(agent);
  const held = system.submit({ to: "nobody", call: "echo" });
  const waiting = codeOf(held.result());
  await system.settled();
  await killServices(system, intensity - 1);
  await system.clock.advance(5_000);
  const ends = endsOf(system);
  const ending: RuntimeEvent[] = [];
  system.events.on("systemEnding", (event) => ending.push(event));
  await killServices(system, 1);
  expect(ending).toEqual([]);
  await killServices(system, 1);
  expect(await system.ended).toEqual(givenUp);
  expect(ending).toEqual([{ type: "systemEnding", reason: givenUp }]);
  expect(ends.slice(1)).toEqual([
    "system.scheduler",
    "system.registry",
    "system.supervisor",
    "second",
    "first",
    "supervisor",
    "alone",
  ]);
  expect([await tree.exit, (await monitor.down).reason]).toEqual([givenUp, givenUp]);
  expect(await waiting).toBe("shutdown");
  expect(() => system.submit({ to: agent, call: "echo" })).toThrow(
    expect.objectContaining({
      code: "not_started",
      message: expect.stringMatching(/the system has ended .*reached_max_restart_intensity/),
    }),
  );
  await system.stop();
});

test("S19.2: a service that cannot be started ends the system", async () => {
  const { system, start, told } = await startServiceSystem(manual);
  start("system.a");
  start("system.b", () => {
    throw new Error("a bug");
  });
  const reason = await system.ended;
  const child = ["system.b", { error: expect.objectContaining({ message: "a bug" }) }];
  expect(reason).toEqual({ shutdown: { failed_to_start_child: child } });
  expect(told).toEqual(["system.b", "system.a"].map((name) => [name, reason]));
});

test("S19.2: the system ends with its supervisor, however that ends", async () => {
  const system = await startSystem(manual);
  system.submit({ to: "nobody", call: "echo" });
  await system.settled();
  system.exit(system.whereis("system.supervisor") as Ref, "kill");
  expect(await system.ended).toBe("killed");
});

test("S19.3: a system that is stopped has ended with shutdown, and tells it before anybody ends", async () => {
  const system = await startSystem(manual);
  await system.spawn(puppet, undefined, { placement: "local" });
  const told: unknown[] = [];
  system.events.on("systemEnding", ({ reason }) => {
    told.push(reason);
    // A listener may do the same.
    void system.stop();
  });
  system.events.on("exited", ({ reason }) => told.push(reason));
  await system.stop();
  expect([await system.ended, told]).toEqual(["shutdown", ["shutdown", "shutdown"]]);
});
