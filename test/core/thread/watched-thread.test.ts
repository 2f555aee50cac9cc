/** What the watchdog makes of a thread's words, and of the time in which the thread could not run. */
import { expect, test } from "@jest/globals";
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
