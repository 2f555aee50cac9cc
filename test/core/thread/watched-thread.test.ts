/** What the watchdog makes of a thread's words, and of the time in which the thread could not run. */
import { EventEmitter } from "node:events";
import { Script } from "node:vm";
import { expect, test } from "@jest/globals";
import { Cuts } from "../../../core/kernel/cuts.ts";
import { nothing } from "../../../core/kernel/dispatch.ts";
import { SystemMemory } from "../../../core/kernel/system-memory.ts";
import { osThreadNumber, ProcessorWait } from "../../../core/thread/processor-wait.ts";
import { WatchedThread } from "../../../core/thread/watched-thread.ts";

const limitMs = 100;
const lookEveryMs = 10;

/**
 * A thread in a turn that does not end, looked at until it is cut: when that was, and when there was the warning.
 * @param waited how long it has waited for a processor by then.
 */
function cutOf(waited: (nowMs: number) => number | undefined): { cutMs: number; warnedMs: number } {
  const memory = SystemMemory.create(2);
  const thread = memory.newThread(1, 0, 64) as number;
  memory.words[memory.runWords(thread) + 2] = 1;
  memory.words[memory.turnLimitWord(thread)] = limitMs;
  let nowMs = 0;
  const found = { cutMs: 0, warnedMs: 0 };
  const watched = new WatchedThread(thread, memory, {
    isRefused: false,
    isAtHand: () => true,
    evaluate: () => {
      found.cutMs ||= nowMs;
      return new Promise(() => undefined);
    },
    pulse: () => undefined,
    waitedMs: () => waited(nowMs),
    warn: () => void (found.warnedMs = nowMs),
    stuck: () => undefined,
  });
  for (nowMs = lookEveryMs; found.cutMs === 0; nowMs += lookEveryMs) watched.look(nowMs, 0, 0);
  return found;
}

test("a turn is warned of at the half of its limit and cut at its end", () => {
  expect(cutOf(() => 0)).toEqual({ warnedMs: 60, cutMs: 110 });
});

test("time in which the thread waited for a processor does not count", () => {
  // Half of all the time, but for the first look, before which nothing was known.
  expect(cutOf((nowMs) => nowMs / 2)).toEqual({ warnedMs: 100, cutMs: 200 });
});

test("however long it waited, a turn has ten limits at most", () => {
  expect(cutOf((nowMs) => nowMs * 10)).toEqual({ warnedMs: 420, cutMs: 920 });
});

test("where the system does not tell, all time counts", () => {
  expect(cutOf(() => undefined)).toEqual({ warnedMs: 60, cutMs: 110 });
});

test("Linux tells how long a thread has waited, and of no thread that is not there", () => {
  const waited = new ProcessorWait(osThreadNumber).waitedMs();
  expect(typeof waited).toBe(process.platform === "linux" ? "number" : "undefined");
  expect(new ProcessorWait(() => 0).waitedMs()).toBeUndefined();
});

const slot = 7;
const generation = 3;

/** A thread in the turn of an actor, whose watchdog asks what it may: what it asked, and whom it gave up. */
function interruptStage(limit = 0, isRefused = false) {
  const memory = SystemMemory.create(2);
  const thread = memory.newThread(1, 0, 64) as number;
  const run = memory.runWords(thread);
  memory.words[run] = slot;
  memory.words[run + 1] = generation;
  memory.words[run + 2] = 1;
  memory.words[memory.turnLimitWord(thread)] = limit;
  const asked: string[] = [];
  const stuck: unknown[] = [];
  const watched = new WatchedThread(thread, memory, {
    isRefused,
    isAtHand: () => true,
    evaluate: (expression) => {
      asked.push(expression);
      return new Promise(() => undefined);
    },
    pulse: () => undefined,
    waitedMs: () => undefined,
    warn: () => undefined,
    stuck: (suspect, why) => void stuck.push(suspect ?? why),
  });
  const place = { turn: 1, drains: 0 };
  const request = { thread, slot, generation, call: 0, by: 0, question: 1, reason: "enough", graceMs: 50, ...place };
  watched.look(0, 0, 0);
  return {
    asked,
    stuck,
    watched,
    request,
    goOn: () => void (memory.words[run + 2] = 3),
    lookUntil: (untilMs: number, fromMs = 10) => {
      for (let ms = fromMs; ms <= untilMs; ms += lookEveryMs) watched.look(ms, 0, 0);
    },
  };
}

test("S14.15: an interrupt is carried out when its grace is over, on the turn that it names", () => {
  const { asked, lookUntil, request, watched } = interruptStage();
  watched.interrupt(request, 0);
  lookUntil(40);
  expect(asked).toEqual([]);
  lookUntil(50, 50);
  expect(asked).toEqual([expect.stringMatching(/\.cut\(7,3,1,0,true,\{.*"reason":"enough"/)]);
});

test("S14.13: an interrupt is void when the thread has gone on, before it is heard of and behind that", () => {
  const { asked, goOn, lookUntil, request, watched } = interruptStage();
  watched.interrupt(request, 0);
  goOn();
  watched.interrupt({ ...request, graceMs: 0 }, 0);
  lookUntil(500);
  expect(asked).toEqual([]);
});

test("S14.16: no thread is given up for an interrupt, but for the limit of the turn that it meets", () => {
  const free = interruptStage();
  free.watched.interrupt(free.request, 0);
  free.lookUntil(60_000);
  expect([free.asked.length, free.stuck]).toEqual([1, []]);
  const limited = interruptStage(500);
  limited.watched.interrupt(limited.request, 0);
  limited.lookUntil(5_400);
  expect(limited.stuck).toEqual([]);
  limited.lookUntil(5_600, 5_410);
  expect(limited.stuck).toEqual([{ slot, generation, limitMs: 500 }]);
  const refused = interruptStage(0, true);
  refused.watched.interrupt({ ...refused.request, graceMs: 0 }, 0);
  refused.lookUntil(60_000);
  expect([refused.asked, refused.stuck]).toEqual([[], []]);
});

test("until all is there that Node makes on first use a cut into its own code is told to wait longer", () => {
  const cell = { slot, generation };
  const kernel = { host: { blame: { owner: () => cell } }, scheduler: { turn: 4 }, dispatch: { returned: nothing } };
  const cuts = new Cuts(kernel as never, 0, 0);
  const ready = () => {
    throw new Error("it would be cut down");
  };
  const termination = { ready, ask: () => undefined, over: () => undefined };
  // As the watchdog does it: an evaluate on top of code of Node's.
  const emitter = new EventEmitter();
  emitter.on("asked", new Script("(ask) => ask()", { filename: "" }).runInThisContext() as (ask: () => void) => void);
  const answers: unknown[] = [];
  const askedFor = (isPatient: boolean) => {
    emitter.emit("asked", () => answers.push(cuts.cut(slot, generation, 4, 100, isPatient, termination)));
  };
  cuts.isNodeMade = false;
  askedFor(true);
  expect(() => askedFor(false)).toThrow("it would be cut down");
  cuts.isNodeMade = true;
  askedFor(true);
  expect(answers).toEqual(["making", "node"]);
});

test("a turn is found by the 32 bits that shared memory has of its number, however many there were before it", () => {
  const kernel = { host: {}, scheduler: { turn: 2 ** 32 + 5, current: undefined } };
  const cuts = new Cuts(kernel as never, 0, 0);
  const never = { ready: () => undefined, ask: () => undefined, over: () => undefined };
  expect([cuts.cut(slot, generation, 5, 100, true, never), cuts.cut(slot, generation, 7, 100, true, never)]).toEqual([
    "nobody",
    "gone",
  ]);
});
