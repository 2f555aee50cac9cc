/** When a thread that has nothing to do stays awake: no actors, so in no placement. */
import { beforeEach, expect, test } from "@jest/globals";
import type { Idle } from "../../../core/kernel/host.ts";
import { SystemMemory } from "../../../core/kernel/system-memory.ts";
import { BusyWait } from "../../../core/thread/busy-wait.ts";

const own = 0;
const other = 1;
let memory: SystemMemory;
let nowMs: number;
let wait: BusyWait;
/** What the thread sees when it looks, each look taking `lookMs`. */
let hasNews: () => boolean;
const lookMs = 0.004;

function waitWith(busyWaitUs: number, processors: number): BusyWait {
  return new BusyWait(memory, own, busyWaitUs, () => nowMs, processors);
}

function next(hasRun = false): Idle {
  return wait.next([other], hasNews, hasRun);
}

function goesOn(): boolean {
  return next() !== "rest";
}

/** The thread has sent something, and waits until it gives up. */
function waitInVain(): void {
  memory.addSent(own, 1);
  goesOn();
  nowMs += 1;
  goesOn();
}

/** Waits in vain until no talk is waited for any more. */
function loseCredit(): void {
  for (let talk = 0; talk < 16; talk++) waitInVain();
}

beforeEach(() => {
  memory = SystemMemory.create(2);
  memory.newThread(0, 0, 64);
  memory.newThread(1, 64, 64);
  memory.setResting(other, true);
  nowMs = 0;
  hasNews = () => {
    nowMs += lookMs;
    return false;
  };
  wait = waitWith(100, 2);
});

test("who has talked to nobody rests at once", () => {
  expect(goesOn()).toBe(false);
});

test("who has sent something stays awake for so long", () => {
  memory.addSent(own, 1);
  expect(goesOn()).toBe(true);
  nowMs = 0.075;
  expect(goesOn()).toBe(true);
  expect(nowMs).toBeLessThan(0.1);
  expect(goesOn()).toBe(false);
  expect(nowMs).toBeGreaterThanOrEqual(0.1);
});

test("news begin the time anew", () => {
  memory.addSent(own, 1);
  goesOn();
  nowMs = 0.09;
  memory.addReceived(own, 1);
  expect(goesOn()).toBe(true);
  nowMs = 0.165;
  expect(goesOn()).toBe(true);
});

test("the round behind a talk comes at once, since code that awaited it goes on there", () => {
  memory.addSent(own, 1);
  hasNews = () => true;
  expect(next()).toBe("round");
  expect(nowMs).toBe(0);
});

test("a round behind code of actors comes at once", () => {
  memory.addSent(own, 1);
  goesOn();
  hasNews = () => true;
  expect(next(true)).toBe("round");
});

test("news that come when the time is over are no reason to go on in place", () => {
  memory.addSent(own, 1);
  goesOn();
  nowMs = 0.1;
  hasNews = () => true;
  expect(next()).toBe("rest");
});

test("who only sends, and is never answered, does not wait for ever", () => {
  loseCredit();
  let waits = 0;
  for (let sent = 0; sent < 160; sent++) {
    memory.addSent(own, 1);
    if (goesOn()) waits++;
  }
  expect(waits).toBe(10);
});

test("a later round looks for news in place, for 20 us", () => {
  memory.addSent(own, 1);
  goesOn();
  expect(next()).toBe("round");
  expect(nowMs).toBeGreaterThanOrEqual(0.02);
  expect(nowMs).toBeLessThan(0.02 + 2 * lookMs);
});

test("news end a round", () => {
  memory.addSent(own, 1);
  goesOn();
  hasNews = () => {
    nowMs += lookMs;
    return nowMs > 2 * lookMs;
  };
  expect(next()).toBe("news");
  expect(nowMs).toBeCloseTo(3 * lookMs);
});

test("a thread that is rung during a round has the only processor at once", () => {
  wait = waitWith(100, 1);
  memory.addSent(own, 1);
  goesOn();
  hasNews = () => {
    memory.watch.ringing(other);
    nowMs += lookMs;
    return false;
  };
  expect(next()).toBe("rest");
  expect(nowMs).toBe(lookMs);
});

test("with busyWaitUs 0 nobody stays awake", () => {
  wait = waitWith(0, 2);
  memory.addSent(own, 1);
  expect(goesOn()).toBe(false);
});

test.each([
  ["is awake", () => memory.setBusy(other)],
  ["was rung", () => memory.watch.ringing(other)],
])("a thread that %s has the only processor at once", (_what, needsIt) => {
  wait = waitWith(100, 1);
  memory.addSent(own, 1);
  expect(goesOn()).toBe(true);
  needsIt();
  expect(goesOn()).toBe(false);
});

test("a thread that waits for what an actor awaits needs no processor", () => {
  wait = waitWith(100, 1);
  memory.setResting(other, false);
  memory.addSent(own, 1);
  expect(goesOn()).toBe(true);
});

/** How many of so many talks are waited for, all in vain. */
function waitsIn(talks: number): number {
  let waits = 0;
  for (let talk = 0; talk < talks; talk++) {
    memory.addSent(own, 1);
    if (goesOn()) waits++;
    nowMs += 1;
    goesOn();
  }
  return waits;
}

test("waits in vain are given up, but for a talk behind 16, one behind 32, and so on to one in 256", () => {
  loseCredit();
  expect(waitsIn(16)).toBe(1);
  expect(waitsIn(31)).toBe(0);
  expect(waitsIn(1)).toBe(1);
  expect(waitsIn(64 + 128 + 256)).toBe(3);
  expect(waitsIn(2_560)).toBe(10);
});

test("a wait that has paid is tried for soon again", () => {
  loseCredit();
  waitsIn(1_000);
  do memory.addSent(own, 1);
  while (!goesOn());
  memory.addReceived(own, 1);
  goesOn();
  nowMs += 1;
  goesOn();
  expect(waitsIn(16)).toBe(1);
});

test("news that come in time make it wait again", () => {
  loseCredit();
  do memory.addSent(own, 1);
  while (!goesOn());
  for (let talk = 0; talk < 10; talk++) {
    memory.addReceived(own, 1);
    expect(goesOn()).toBe(true);
  }
});
