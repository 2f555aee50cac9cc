/** When one side of a module's thread waits in place for the other: no actors, so in no placement. */
import { beforeEach, expect, test } from "@jest/globals";
import { ShortWait } from "../../../plugins/wasm/short-wait.ts";

const lookMs = 0.01;
let word: Int32Array<SharedArrayBuffer>;
let nowMs: number;
/** What happens at a look at the clock. */
let look: () => void;
let wait: ShortWait;

beforeEach(() => {
  word = new Int32Array(new SharedArrayBuffer(4));
  nowMs = 0;
  look = () => {};
  wait = new ShortWait(50, () => {
    nowMs += lookMs;
    look();
    return nowMs;
  });
});

function waitInVain(): void {
  expect(wait.for(word, 0)).toBe(false);
}

/** How many of so many waits look at the clock at all. */
function waitsIn(count: number): number {
  let waits = 0;
  for (let i = 0; i < count; i++) {
    const beforeMs = nowMs;
    waitInVain();
    if (nowMs > beforeMs) waits++;
  }
  return waits;
}

test("a word that has come is seen at once", () => {
  word[0] = 1;
  expect(wait.for(word, 0)).toBe(true);
  expect(nowMs).toBeLessThanOrEqual(lookMs);
});

test("a word that comes in time is seen", () => {
  look = () => {
    if (nowMs > 0.03) word[0] = 1;
  };
  expect(wait.for(word, 0)).toBe(true);
  expect(nowMs).toBeCloseTo(0.04);
});

test("a wait in vain ends after its time", () => {
  waitInVain();
  expect(nowMs).toBeCloseTo(lookMs + 0.05);
});

test("waits in vain are given up, but for one in 16", () => {
  // A credit of 64, and four for each; the tries in between give none back.
  waitsIn(32);
  expect(waitsIn(160)).toBe(10);
});

test("words that come in time make it wait again", () => {
  waitsIn(32);
  word[0] = 1;
  // The next try, and more.
  for (let i = 0; i < 32; i++) wait.for(word, 0);
  word[0] = 0;
  expect(waitsIn(4)).toBe(4);
});
