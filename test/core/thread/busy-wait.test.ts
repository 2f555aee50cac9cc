/** When a thread that has nothing to do stays awake: no actors, so in no placement. */
import { beforeEach, expect, test } from "@jest/globals";
import { SystemMemory } from "../../../core/kernel/system-memory.ts";
import { BusyWait } from "../../../core/thread/busy-wait.ts";

const own = 0;
const other = 1;
let memory: SystemMemory;
let nowMs: number;
let wait: BusyWait;

function waitWith(busyWaitUs: number, processors: number): BusyWait {
  return new BusyWait(memory, own, busyWaitUs, () => nowMs, processors);
}

function goesOn(): boolean {
  return wait.goesOn([other]);
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
  wait = waitWith(100, 2);
});

test("who has talked to nobody rests at once", () => {
  expect(goesOn()).toBe(false);
});

test("who has sent something stays awake for so long", () => {
  memory.addSent(own, 1);
  expect(goesOn()).toBe(true);
  nowMs += 0.099;
  expect(goesOn()).toBe(true);
  nowMs += 0.001;
  expect(goesOn()).toBe(false);
});

test("news begin the time anew", () => {
  memory.addSent(own, 1);
  goesOn();
  nowMs += 0.09;
  memory.addReceived(own, 1);
  expect(goesOn()).toBe(true);
  nowMs += 0.09;
  expect(goesOn()).toBe(true);
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

test("waits in vain are given up, but for one talk in 64", () => {
  loseCredit();
  let waits = 0;
  for (let talk = 0; talk < 640; talk++) {
    memory.addSent(own, 1);
    if (goesOn()) waits++;
    nowMs += 1;
    goesOn();
  }
  expect(waits).toBe(10);
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
