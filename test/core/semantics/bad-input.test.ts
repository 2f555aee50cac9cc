/**
 * core/SEMANTICS.md, "Bad input and bad luck". Not in every placement: the subjects are on another thread, where input can
 * be at its worst, and a row says itself where it holds. Every row, with the codes and reasons that it promises.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "@jest/globals";
import {
  defineServer,
  type ExitReason,
  type Ref,
  type RefData,
  type SpawnOptions,
  sameRef,
} from "../../../core/index.ts";
import { startSystem } from "../../../index.ts";
import { specAsData } from "../../../supervisors/index.ts";
import { EventRecorder, Probe } from "../../../testing/index.ts";
import { careless } from "../../fixtures/careless.ts";
import { child } from "../../fixtures/child.ts";
import { configured } from "../../fixtures/configured.ts";
import { genServer } from "../../fixtures/gen-server.ts";
import { neverEnds } from "../../fixtures/modules/never-ends.ts";
import { getHidden } from "../../fixtures/modules/not-exported.ts";
import { sometimes } from "../../fixtures/modules/other-export.ts";
import { throws } from "../../fixtures/modules/throws.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { runaway } from "../../fixtures/runaway.ts";
import { consumer, producer } from "../../fixtures/streamers.ts";
import { worker } from "../../fixtures/thread-tests.ts";
import { careless as forgetful, silent as silentServer } from "../../fixtures/unawaited.ts";
import { codeOf, readBadInput, shapeOf } from "../../support/bad-input.ts";
import { NamedPipe } from "../../support/named-pipe.ts";
import { openGate } from "../../support/open-gate.ts";
import { packageRoot } from "../../support/package-root.ts";
import { Supervised } from "../../support/supervised.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
const table = readBadInput();
const tested = new Set<string>();

const other = { placement: { thread: 1 } } as const;

/** One row: its test gives what happened, in the order of the words in its second cell. */
function row(what: string, happens: () => Promise<readonly unknown[]>): void {
  tested.add(what);
  test(what, async () => {
    expect(await happens()).toEqual(table.get(what));
  });
}

/** What the starter and who watches get of an actor whose init is as told. */
async function startOf(
  options: SpawnOptions,
  init: Parameters<typeof startGenServer>[0],
): Promise<[string, ExitReason]> {
  await using probe = await Probe.start(system());
  const starter = await codeOf(startGenServer(init, { ...options, name: "bad start" }));
  expect(system().whereis("bad start")).toBeUndefined();
  const { monitor } = await probe.run((ctx) => ctx.spawnMonitor(genServer, { init }, other));
  await system().clock.advance(options.startTimeoutMs ?? 0);
  const down = (await probe.all()).find((message) => (message as { monitor: number }).monitor === monitor.id);
  return [starter, (down as { reason: ExitReason } | undefined)?.reason ?? "not down"];
}

const startGenServer = (init: "ignore" | "throw" | "never" | { stop: ExitReason }, options: SpawnOptions) =>
  system().spawn(genServer, { init }, { ...other, ...options });

describe("bad input and bad luck", () => {
  row("`init` throws", async () => {
    const [starter, reason] = await startOf({}, "throw");
    return [starter, shapeOf(reason)];
  });

  row("`init` calls `stop(reason)`", async () => {
    const [starter, reason] = await startOf({}, { stop: "that reason" });
    expect(reason).toBe("that reason");
    return [starter];
  });

  row("`init` calls `ignore()`", async () => [(await startOf({}, "ignore"))[0]]);

  row("`init` takes longer than `startTimeoutMs`", async () => {
    await using probe = await Probe.start(system());
    const { ref, monitor } = await probe.run((ctx) =>
      ctx.spawnMonitor(genServer, { init: "never" }, { ...other, startTimeoutMs: 100 }),
    );
    const starter = codeOf(startGenServer("never", { startTimeoutMs: 100 }));
    await system().settled();
    await system().clock.advance(100);
    const down = (await probe.all())[0];
    expect([monitor.id, system().isAlive(ref)]).toEqual([(down as { monitor: number }).monitor, false]);
    return [await starter, shapeOf((down as { reason: ExitReason }).reason)];
  });

  row("placement that names no thread", async () => {
    const placements = [{ thread: 99 }, { thread: -1 }, { thread: 1.5 }, "nowhere" as "local"];
    const codes = new Set<string>();
    for (const placement of placements) {
      const code = await codeOf(system().spawn(puppet, undefined, { placement }));
      expect([placement, code]).toEqual([placement, "invalid_placement"]);
      codes.add(code);
    }
    await using probe = await Probe.start(system());
    codes.add(await codeOf(probe.run((ctx) => ctx.spawn(puppet, undefined, { placement: { thread: 99 } }))));
    return [...codes];
  });

  row("a spawn's `heapMb` without isolation `thread` or `process`, a `placement` beside one", async () => {
    const ignored = [
      { heapMb: 64 },
      { heapMb: 64, isolation: "shared" },
      { placement: { thread: 1 }, isolation: "thread" },
      { placement: "local", isolation: "thread", heapMb: 64 },
      { placement: { thread: 0 }, isolation: "process" },
    ] as const;
    const codes = new Set<string>();
    await using probe = await Probe.start(system());
    for (const options of ignored) {
      codes.add(await codeOf(system().spawn(puppet, undefined, options)));
      codes.add(await codeOf(probe.run((ctx) => ctx.spawn(puppet, undefined, options))));
    }
    await using tree = await Supervised.start(system(), { children: [] });
    const spec = { id: "alone", start: [child], isolation: "thread", placement: "local" };
    const outcome = await tree.startChild(await specAsData(spec));
    return [...codes, outcome.ok ? "started" : outcome.error.code];
  });

  row("argument of the wrong kind (name, delay, ref)", async () => {
    const subject = await system().spawn(puppet, undefined, other);
    const codes = new Set<string>();
    for (const step of [
      ["register", ""],
      ["register", 5],
      ["sendAfter", -1, "m"],
      ["sendAfter", "soon", "m"],
      ["sendEvery", Number.NaN, "m"],
      ["idleTimeout", "soon"],
      ["send", {}, "m"],
      ["send", undefined, "m"],
      ["link", {}],
      ["exit", {}, "reason"],
      ["monitor", 7],
    ] as const) {
      const code = await subject.call("codeOf", step);
      expect([step, code]).toEqual([step, "bad_argument"]);
      codes.add(code);
    }
    return [...codes];
  });

  // What is refused, and with which words: arguments.test.ts, and for definitions test/core/definitions.test.ts.
  row("options that are no object, a key in them that nobody reads, a value of the wrong kind", async () => {
    const codes = new Set<string>();
    for (const options of [5, { placment: "local" }, { startTimeoutMs: "5" }] as never[])
      codes.add(await codeOf(system().spawn(puppet, undefined, options)));
    for (const options of [5, { thread: 1 }, { spare: "no" }] as never[]) codes.add(await codeOf(startSystem(options)));
    return [...codes];
  });

  row("a definition with a handler that is no function, or a key that is none", async () => {
    const codes = new Set<string>();
    for (const definition of [{ init: 5 }, { cals: {} }] as never[])
      codes.add(await codeOf(() => defineServer(definition)));
    return [...codes];
  });

  row(
    "a configuration that its schema refuses, throws over, or says nothing of that is a word of a Standard Schema",
    async () => {
      const ref = await system().spawn(configured, undefined, other);
      const codes = new Set<string>();
      for (const configuration of [{ port: "many" }, { host: "a bug of the schema" }, { host: "no word" }]) {
        codes.add(await codeOf(system().spawn(configured, undefined, { ...other, configuration })));
        codes.add(await codeOf(system().reconfigure(ref, configuration)));
      }
      expect(await ref.call("settings")).toEqual({ port: 1, host: "default", tags: [] });
      return [...codes];
    },
  );

  row("a topic, a pattern or a group's name that is none", async () => {
    const subject = await system().spawn(puppet, undefined, other);
    const codes = new Set<unknown>();
    for (const step of [
      ["publish", "a..b", 1],
      ["publish", "a.*", 1],
      ["subscribe", "a.>.b"],
      ["join", ""],
      ["leave", 5],
      ["join", "group", [undefined]],
      ["members", undefined],
      ["monitorGroup", "x".repeat(257)],
    ] as const)
      codes.add(await subject.call("codeOf", step));
    return [...codes];
  });

  row("a publish with `ack` that nothing keeps; that a bound refuses", async () => {
    const subject = await system().spawn(puppet, undefined, other);
    const publish = () => subject.call("codeOf", ["publish", "bad.input", 1, { ack: true }]);
    const codes = [await publish()];
    await system().keepTopic("bad.input", { messages: 1, policy: "reject" });
    await subject.call("run", ["publish", "bad.input", 0, { ack: true }]);
    codes.push(await publish());
    expect((await system().stats()).kept).toMatchObject([{ messages: 1, lastSeq: 1 }]);
    return codes;
  });

  row("a member of an acknowledged queue that never acknowledges", async () => {
    const options = { queue: "silent", ack: true, attempts: 2, ackWaitMs: 100, backoff: { minMs: 10 } };
    const subject = await system().spawn(puppet, undefined, other);
    await subject.call("run", ["subscribe", "bad.luck", options]);
    await system().publish("bad.luck", 1, { ack: true });
    for (const ms of [100, 10, 100]) {
      await system().settled();
      await system().clock.advance(ms);
    }
    await system().settled();
    const letters = (await system().deadLetters()).filter(({ message }) => message.includes("bad.luck"));
    await subject.call("run", ["keep", "alive"]);
    expect((await system().stats()).queues).toMatchObject([{ members: 1, deadLettered: 1, redelivered: 1 }]);
    return letters.map(({ why }) => why);
  });

  row("a task's request with a value of the wrong kind or out of range", async () => {
    const subject = await system().spawn(puppet, undefined, other);
    const codes = new Set<unknown>();
    for (const wrong of [{ call: "" }, { priority: 10 }, { attempts: 0 }, { backoff: { factor: 0 } }, { prio: 5 }])
      codes.add(await subject.call("codeOf", ["submitOnly", { to: subject, call: "echo", ...wrong }]));
    return [...codes];
  });

  row("`events.on` with a type that there is not, no function, or an `of` that is no actor", () => {
    const on = system().events.on.bind(system().events) as (...args: readonly unknown[]) => () => void;
    const wrong = [
      ["logs", () => {}],
      ["log", "listener"],
      ["log", () => {}, { of: 5 }],
    ];
    const codes = wrong.map((args) => {
      try {
        on(...args)();
        return "none";
      } catch (error) {
        return (error as { readonly code?: string }).code;
      }
    });
    return Promise.resolve([...new Set(codes)]);
  });

  row("a ref of another node", async () => [
    await codeOf(system().call({ node: "elsewhere", thread: 1, slot: 1, generation: 1 }, "echo")),
  ]);

  const foreign =
    "a ref, or a call's token, of another system of the process or of an earlier run, kept as an object or as data (its `creation` tells)";
  row(foreign, async () => {
    const codes = new Set<string>();
    const first = await startSystem({ threads: 1, spare: false });
    for (const placement of [{ thread: 0 }, { thread: 1 }]) {
      const object = await first.spawn(puppet, undefined, { placement });
      const data: RefData = JSON.parse(JSON.stringify(object));
      const own = await startSystem({ threads: 1, spare: false });
      // They have the same address there.
      const here = await own.spawn(puppet, undefined, { placement });
      for (const kept of [object, data]) {
        for (const verb of ["call", "cast", "send", "stopActor"] as const)
          codes.add(await codeOf(() => own[verb](kept, "seen")));
        codes.add(await codeOf(() => own.exit(kept, "kill")));
        codes.add(await codeOf(own.register("a name", kept as Ref)));
        codes.add(await codeOf(own.monitor(kept as Ref)));
        const token = { caller: data, id: 1 };
        codes.add(String(await here.call("codeOf", ["reply", token, "late"])));
        codes.add(await codeOf(() => own.submit({ to: kept, call: "seen" })));
      }
      expect(own.isAlive(here)).toBe(true);
      expect(await here.call("seen")).toEqual([]);
      await own.stop();
    }
    await first.stop();
    return [...codes];
  });

  row("a ref of a thread or slot that never was", async () => {
    const never = { node: "", thread: 16_384, slot: 1, generation: 1 };
    system().send(never, "is not told");
    return [await codeOf(system().call(never, "echo"))];
  });

  row("a ref of another system in a message to another thread", async () => {
    const elsewhere = await startSystem({ threads: 1, spare: false });
    const kept = await elsewhere.spawn(puppet);
    const subject = await system().spawn(puppet, undefined, other);
    const codes = new Set([
      await codeOf(() => subject.send({ kept })),
      await codeOf(() => subject.cast("keep", { kept })),
      await codeOf(subject.call("echo", { kept })),
    ]);
    expect(await subject.call("seen")).toEqual([]);
    await elsewhere.stop();
    return [...codes];
  });

  row("a function, symbol or class instance in a message to another thread", async () => {
    const subject = await system().spawn(puppet, undefined, other);
    class Point {
      x = 1;
    }
    const codes = new Set<string>();
    for (const field of [() => 1, Symbol("s"), new Point()]) {
      codes.add(await codeOf(() => subject.send({ deep: { field } })));
      codes.add(await codeOf(() => subject.cast("keep", { deep: { field } })));
      codes.add(await codeOf(subject.call("echo", { deep: { field } })));
    }
    expect(await subject.call("seen")).toEqual([]);
    return [...codes];
  });

  row("a call to oneself", async () => {
    const subject = await system().spawn(puppet, undefined, other);
    return [await subject.call("codeOf", ["call", subject, "echo", 1])];
  });

  row("a call of a handler that is not defined", async () => {
    await using probe = await Probe.start(system());
    const subject = await system().spawn(puppet, undefined, other);
    const watch = await probe.watch(subject);
    const caller = await codeOf(system().call(subject, "no such handler"));
    const reason = (await watch.reason()) as { error: { code: string } };
    return [caller, shapeOf(reason), reason.error.code];
  });

  row("a name that is taken", async () => {
    const holder = await system().spawn(puppet, undefined, { ...other, name: "taken" });
    const rival = await system().spawn(puppet, undefined, other);
    const registered = await rival.call("codeOf", ["register", "taken"]);
    const started = await codeOf(system().spawn(puppet, undefined, { ...other, name: "taken" }));
    expect(system().whereis("taken")).toEqual(holder);
    return [registered, "register", started];
  });

  row("a name that nobody holds", async () => {
    const subject = await system().spawn(puppet, undefined, other);
    const codes = [
      await subject.call("codeOf", ["send", "nobody", "m"]),
      await subject.call("codeOf", ["cast", "nobody", "keep"]),
      await subject.call("codeOf", ["call", "nobody", "echo"]),
      await codeOf(() => system().send("nobody", "m")),
    ];
    return [...new Set(codes)];
  });

  row("a behaviour no module exports, spawned on another thread", async () => [
    await codeOf(system().spawn(getHidden(), undefined, other)),
  ]);

  /** What the starter and who watches get of a behaviour that cannot be loaded, and that the thread goes on. */
  async function loadOf(behaviour: typeof throws): Promise<[string, ExitReason]> {
    await using probe = await Probe.start(system());
    const starter = await codeOf(system().spawn(behaviour, undefined, other));
    await probe.run((ctx) => ctx.spawnMonitor(behaviour, undefined, other));
    const down = (await probe.next()) as { reason: ExitReason };
    expect(await (await system().spawn(puppet, undefined, other)).call("echo", "well")).toBe("well");
    return [starter, down.reason];
  }

  row("a module that throws while loaded", async () => {
    const [starter, reason] = await loadOf(throws);
    expect(reason).toMatchObject({ error: { code: starter } });
    return [starter, shapeOf(reason)];
  });

  row("a module without that export", async () => {
    if (sometimes === undefined) throw new Error("main exports it");
    const [starter, reason] = await loadOf(sometimes);
    expect(reason).toMatchObject({ error: { code: starter } });
    return [starter];
  });

  row("a turn that never ends, on a worker", async () => {
    await using own = await startSystem({ threads: 1, spare: false, turnLimitMs: 100 });
    const ref = await own.spawn(runaway, undefined, other);
    const monitor = await own.monitor(ref);
    const code = await codeOf(ref.call("loop"));
    return [shapeOf((await monitor.down).reason), code];
  });

  row("a turn that never ends, on a worker, is interrupted, and its behaviour has no hook for that", async () => {
    await using own = await startSystem({ threads: 1, spare: false });
    const ref = await own.spawn(runaway, undefined, { ...other, turnLimitMs: Number.POSITIVE_INFINITY });
    const monitor = await own.monitor(ref);
    const code = codeOf(ref.call("loop", undefined, { timeoutMs: 60_000 }));
    while (own.remaining().turns.length === 0) await new Promise(setImmediate);
    expect(await own.interrupt(ref, { graceMs: 0 })).toBe(true);
    return [shapeOf((await monitor.down).reason), await code];
  });

  row("a module that never ends loading", async () => {
    await using own = await startSystem({ threads: 1, spare: false, loadTimeoutMs: 200 });
    const codes = [
      await codeOf(own.spawn(neverEnds, undefined, other)),
      await codeOf(own.spawn(neverEnds, undefined, other)),
    ];
    expect(await (await own.spawn(puppet, undefined, other)).call("echo", "well")).toBe("well");
    return codes;
  });

  row("a behaviour in a program's main file that calls `startSystem`", async () => {
    const program = join(packageRoot, "dist/test/fixtures/programs/main-file.js");
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    return [(JSON.parse(stdout) as { code: string }).code];
  });

  row("a thread that never says ready", async () => [
    await codeOf(startSystem({ threads: 1, threadStartTimeoutMs: 1 })),
    "startSystem",
  ]);

  row("native code that never comes back, while the system stops", async () => {
    using pipe = new NamedPipe();
    const own = await startSystem({ threads: 1, spare: false, threadEndTimeoutMs: 300 });
    const tree = await own.supervise({ children: [{ id: "reader", start: [worker] }] });
    const reader = (await tree.whichChildren())[0]?.ref as Ref;
    const { down } = await own.monitor(reader);
    const call = codeOf(own.call(reader, "readFile", pipe.path));
    await pipe.isRead();
    const code = await codeOf(own.stop());
    expect([await call, await tree.exit]).toEqual(["thread_lost", "shutdown"]);
    return [code, "stop()", "threadEndTimeoutMs", shapeOf((await down).reason)];
  });

  row("a thread is lost", async () => {
    await using own = await startSystem({ threads: 1, clock: "manual" });
    await using probe = await Probe.start(own);
    const subject = await own.spawn(puppet, undefined, other);
    const watch = await probe.watch(subject);
    const call = codeOf(subject.call("hold"));
    await own.settled();
    await own.terminateThread(1, "test");
    return [shapeOf(await watch.reason()), await call];
  });

  row("`process.exit(code)` in an actor's turn on a worker", async () => {
    await using probe = await Probe.start(system());
    const neighbour = await system().spawn(puppet, undefined, other);
    const subject = await system().spawn(careless, "exit", other);
    const watch = await probe.watch(subject);
    subject.send("go");
    expect(await watch.reason()).toEqual({ exitCalled: 7 });
    expect(await neighbour.call("echo", "well")).toBe("well");
    return ["{ exitCalled: code }"];
  });

  row("a rejection nobody awaits, an exception in a timer of user code", async () => {
    await using own = await startSystem({ threads: 1 });
    const shapes = new Set<string>();
    for (const how of ["rejection", "timer", "task"] as const) {
      const subject = await own.spawn(careless, how, other);
      const { down } = await own.monitor(subject);
      subject.send("go");
      shapes.add(shapeOf((await down).reason));
    }
    return [...shapes, "unattributedError"];
  });

  // On main, where the process is at stake: test/core/threads/unawaited.test.ts.
  row("a call, start, registration or task that fails, and the actor does not await it", async () => {
    await using own = await startSystem({ threads: 1, spare: false });
    const silent = await own.spawn(silentServer);
    const shapes = new Set<string>();
    for (const how of ["call", "start", "register of no name", "task"] as const) {
      const subject = await own.spawn(forgetful, undefined, other);
      const { down } = await own.monitor(subject);
      subject.cast("go", { how, other: silent });
      shapes.add(shapeOf((await down).reason));
    }
    return [...shapes];
  });

  row("10^6 messages to one actor", async () => {
    // A hundred times the bound here; the whole million, under every policy, is in test/core/volume.test.ts.
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    const gate = await system().spawn(puppet);
    const subject = await system().spawn(puppet, undefined, { ...other, mailboxCapacity: 100 });
    subject.cast("wait", gate);
    await system().settled();
    for (let n = 0; n < 10_000; n += 1) subject.cast("keep", n);
    await system().settled();
    await openGate(system(), gate);
    expect(await subject.call("seen")).toEqual(["waits", "passed", ...Array.from({ length: 100 }, (_, n) => n)]);
    expect(recorder.events).toHaveLength(9_900);
    return [];
  });

  row("a `terminate` that never ends", async () => {
    await using tree = await Supervised.start(system(), {
      children: [{ id: "endless", start: [child, { terminateMs: 86_400_000 }], shutdown: 1_000 }],
    });
    const watch = await tree.parent.watch(await tree.child("endless"));
    await tree.tell("shutdown");
    await system().settled();
    await system().clock.advance(1_000);
    return ["shutdown", await watch.reason()];
  });

  row("a name that begins with `system.`, for an actor of the program's", async () => {
    const name = "system.mine";
    const own = await codeOf(system().spawn(puppet, undefined, { ...other, name }));
    const tree = await system().supervise({ children: [] });
    const outcome = await tree.startChild({ id: 1, start: [puppet], name });
    await system().stopActor(tree.ref);
    return [own, (outcome as { readonly error: { readonly code: string } }).error.code];
  });

  row("a service of the runtime ends over and over", async () => {
    const own = await startSystem({ threads: 1, clock: "manual", spare: false });
    own.submit({ to: "nobody", call: "echo" });
    await own.settled();
    for (let scheduler = own.whereis("system.scheduler"); scheduler; scheduler = own.whereis("system.scheduler")) {
      own.exit(scheduler, "kill");
      await own.settled();
    }
    return [shapeOf(await own.ended)];
  });

  row("a request that nobody is there for; whose only receiver crashes with it; that nobody answers", async () => {
    const nobody = await codeOf(system().request("no.answer", "?"));
    const crashing = await system().spawn(puppet, undefined, other);
    await crashing.call("run", ["subscribe", "no.answer"]);
    await crashing.call("onMessage", ["throw", "no answer"]);
    const crashed = await codeOf(system().request("no.answer", "?"));
    const silent = await system().spawn(puppet, undefined, other);
    await silent.call("run", ["subscribe", "no.answer"]);
    const unanswered = codeOf(system().request("no.answer", "?"));
    await system().settled();
    await system().clock.advance(5_001);
    return [nobody, crashed, await unanswered];
  });

  /** A stream in whose middle its one end is killed with its process. */
  async function brokenStream(isConsumer: boolean) {
    const inProcess = { isolation: "process" } as const;
    const producing = await system().spawn(producer, undefined, isConsumer ? other : inProcess);
    const consuming = await system().spawn(consumer, undefined, isConsumer ? inProcess : other);
    await consuming.call("open", { to: producing as Ref, argument: { chunks: 3, behind: "keep" } });
    await system().settled();
    const lost = (isConsumer ? consuming : producing) as Ref;
    const { down } = await system().monitor(lost);
    process.kill(
      system()
        .processes()
        .find(({ ref }) => sameRef(ref, lost))?.pid as number,
      "SIGKILL",
    );
    await down;
    await system().settled();
    return { producing, consuming };
  }

  row("a consumer, with its process, is lost in the middle of a stream", async () => {
    const { producing } = await brokenStream(true);
    const heard = await producing.call("heard");
    expect(await producing.call("write", "more")).toBe("stream_closed");
    return heard as string[];
  });

  row("a producer, with its process, is lost in the middle of a stream", async () => {
    const { consuming } = await brokenStream(false);
    for (let n = 0; n < 3; n++) expect(await consuming.call("next")).toEqual({ done: false, value: n });
    return [await consuming.call("nextCode")];
  });

  row("a token that is none of a stream's, for `ctx.stream`", async () => {
    const producing = await system().spawn(producer, undefined, other);
    return [await producing.call("openWrong", { caller: producing, id: 1 })];
  });

  row("a supervisor is killed", async () => {
    await using tree = await Supervised.start(system(), { children: [0, 1, 2].map((id) => ({ id, start: [child] })) });
    const refs = (await tree.children()).map(([, ref]) => ref as Ref);
    const watches = await Promise.all(refs.map((ref) => tree.parent.watch(ref)));
    system().exit(tree.ref, "kill");
    const reasons = new Set<ExitReason>();
    for (const watch of watches) reasons.add(await watch.reason());
    return [...reasons];
  });

  row("`system.stop()` during start, or twice", async () => {
    const own = await startSystem({ threads: 1, clock: "manual" });
    const pending = codeOf(own.spawn(genServer, { init: "never" }, other));
    await Promise.all([own.stop(), own.stop()]);
    await own.stop();
    return [await pending];
  });

  test("every row of the table has its test", () => {
    expect([...tested]).toEqual([...table.keys()]);
    expect(table.size).toBeGreaterThan(20);
  });
});
