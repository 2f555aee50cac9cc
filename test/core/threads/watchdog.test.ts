/**
 * The watchdog itself, in real threads and processes: it is there unless it is refused, in the company of a debugger too, and
 * it goes to no thread that ends (core/README.md, Cuts). Placements do not matter here.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "@jest/globals";
import { afterMs } from "../../../core/clock.ts";
import { type RuntimeEvent, startSystem } from "../../../index.ts";
import { interruptible } from "../../fixtures/interruptible.ts";
import { bystander, runaway } from "../../fixtures/runaway.ts";
import { packageRoot } from "../../support/package-root.ts";
import { runProgram } from "../../support/run-program.ts";
import { turnUnderWay } from "../../support/turn-under-way.ts";

const there = { placement: { thread: 1 } } as const;
const limitMs = 100;

async function run(name: string, ...flags: readonly string[]) {
  return await runProgram(process.execPath, [...flags, join(packageRoot, `dist/test/fixtures/programs/${name}.js`)]);
}

test("nobody has to ask for it: a turn is cut down after a second", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(runaway, undefined, there);
  const { down } = await system.monitor(ref);
  // The limit counts what the machine gives; a busy one gives little.
  const call = ref.call("loop", undefined, { timeoutMs: Number.POSITIVE_INFINITY });
  await expect(call).rejects.toMatchObject({ code: "turn_limit" });
  expect((await down).reason).toEqual({ turnLimit: 1_000 });
});

test("a turn limit without the watchdog is refused", async () => {
  await expect(startSystem({ threads: 1, watchdog: false, turnLimitMs: 500 })).rejects.toMatchObject({
    code: "bad_argument",
    message: "turnLimitMs (500) is kept by the watchdog, and watchdog is false: leave one of them out",
  });
});

const holds = [
  ["an Atomics.wait", (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)],
  [
    "a loop",
    (ms: number) => {
      // oxlint-disable-next-line no-restricted-globals -- main is held in real time
      const clock = performance;
      const untilMs = clock.now() + ms;
      while (clock.now() < untilMs);
    },
  ],
] as const;

test.each(holds)("while %s holds main, loops elsewhere are ended, and it is told", async (_what, hold) => {
  const limitMs = 500;
  await using system = await startSystem({ threads: 1, spare: false, turnLimitMs: limitMs });
  // On a busy machine main may have stood still before, too.
  const told = new Promise<void>((resolve) => system.events.on("mainBlocked", ({ ms }) => ms > 2_000 && resolve()));
  const half = new Promise((seen) => system.events.on("turnWarning", seen));
  const ref = await system.spawn(runaway, undefined, there);
  const { down } = await system.monitor(ref);
  ref.cast("loop");
  await half;
  expect(system.isAlive(ref)).toBe(true);
  hold(3_000);
  expect(system.isAlive(ref)).toBe(false);
  expect((await down).reason).toEqual({ turnLimit: limitMs });
  await told;
});

test.each(holds)("while %s holds main directly behind the start, a loop elsewhere is ended", async (_what, hold) => {
  await using system = await startSystem({ threads: 1, spare: false, turnLimitMs: limitMs });
  const ref = await system.spawn(runaway, undefined, there);
  ref.cast("loop");
  await turnUnderWay(system, ref);
  hold(3_000);
  expect(system.isAlive(ref)).toBe(false);
});

test("a loop is ended also while a debugger is attached to main and to every thread", async () => {
  const { code, stdout, stderr } = await run("debugged", "--inspect=0");
  expect(stderr).toContain("Debugger attached.");
  expect({ code, stdout }).toEqual({ code: 0, stdout: "loop turnLimit: 200\nafterAwait turnLimit: 200\npong 0\n" });
});

test("where the inspector is refused, that is told to each system and said once", async () => {
  const flags = ["--permission", "--allow-fs-read=*", "--allow-worker"];
  const { code, stdout, stderr } = await run("limited-watchdog", ...flags);
  expect(stdout).toMatch(/^(the inspector is refused .*)\n\1\n$/);
  expect(stderr.match(/mofa cannot cut down turns/g)).toHaveLength(1);
  expect(code).toBe(0);
});

test("while no turn is to be ended nothing of the inspector is there, and a console keeps nothing", async () => {
  const { stderr } = await run("quiet-watchdog", "--expose-gc");
  const [thread, main] = JSON.parse(stderr) as [number, number];
  // The last thousand of what was said would be 160 MB.
  expect(thread).toBeLessThan(40);
  expect(main).toBeLessThan(40);
});

test("the next system has the watchdog of the last, and a program ends at once behind both", async () => {
  const { stdout } = await run("one-watchdog");
  expect(stdout).toMatch(/^mofa scheduler thread 1, mofa watchdog, mofa scheduler thread 1\nat once\n$/);
});

// Node's own: what main and its workers say to each other passes here, also that of the runtime.
const { postMessage, terminate, emit } = Worker.prototype;

afterEach(() => {
  Object.assign(Worker.prototype, { postMessage, terminate, emit });
});

test("a thread is ended when the watchdog has said that it sends nothing there any more", async () => {
  const seen: string[] = [];
  const words = ["forget", "forgotten", "ended"];
  const see = (word: unknown) => {
    const { type } = (word ?? {}) as { type?: string };
    if (type !== undefined && words.includes(type)) seen.push(type);
  };
  await using system = await startSystem({ threads: 1, spare: false });
  Worker.prototype.postMessage = function (word, ...rest) {
    see(word);
    postMessage.call(this, word, ...rest);
  };
  Worker.prototype.emit = function (this: Worker, event: string | symbol, ...args: unknown[]) {
    if (event === "message") see(args[0]);
    return (emit as (...all: unknown[]) => boolean).call(this, event, ...args);
  };
  Worker.prototype.terminate = function () {
    seen.push("terminate");
    return terminate.call(this);
  };
  const ref = await system.spawn(runaway, undefined, there);
  ref.cast("loop");
  await system.terminateThread(1, "for a test");
  // On a busy machine a thread that is slow to end is asked again.
  const order = seen.filter((word, at) => word !== "terminate" || seen[at - 1] !== "terminate");
  expect(order).toEqual(["forget", "forgotten", "terminate", "ended"]);
});

test("an interrupt that is asked for before a thread knows of the watchdog reaches it", async () => {
  await using system = await startSystem({ threads: 1, spare: false, turnLimitMs: 30_000 });
  const ref = await system.spawn(interruptible, undefined, there);
  const call = ref.call("loop", undefined, { timeoutMs: 30_000 });
  call.catch(() => undefined);
  await turnUnderWay(system, ref);
  Worker.prototype.postMessage = function (word, ...rest) {
    const send = () => postMessage.call(this, word, ...rest);
    if ((word as { type?: string } | null)?.type === "pulse") afterMs(500, send);
    else send();
  };
  const asker = await system.spawn(interruptible, undefined, { isolation: "thread" });
  expect(await asker.call("interrupt", ref, { timeoutMs: 30_000 })).toBe(true);
  await expect(call).rejects.toMatchObject({ code: "interrupted" });
});

test("a termination that is used up by something else is asked for again", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const lost = new Promise<RuntimeEvent>((resolve) => system.events.on("threadLost", resolve));
  let asked = 0;
  Worker.prototype.terminate = function () {
    return asked++ === 0 ? Promise.resolve(0) : terminate.call(this);
  };
  await system.terminateThread(1, "for a test");
  expect(await lost).toMatchObject({ why: "for a test" });
  expect(asked).toBe(2);
});

test("two systems of which one ends: the other is still watched", async () => {
  await using system = await startSystem({ threads: 1, spare: false, turnLimitMs: limitMs });
  await (await startSystem({ threads: 1, spare: false })).stop();
  const ref = await system.spawn(runaway, undefined, there);
  await expect(ref.call("loop")).rejects.toMatchObject({ code: "turn_limit" });
  const neighbour = await system.spawn(bystander, undefined, there);
  expect(await neighbour.call("ping")).toBe("pong");
});
