/** Who has tasks in hand, as main and an actor's own thread tell each other in shared memory. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { globalWords } from "../../../core/kernel/memory-layout.ts";
import { TaskWords } from "../../../core/kernel/task-words.ts";

function make() {
  const words = new Int32Array(new SharedArrayBuffer(globalWords * 4));
  return new TaskWords(words, new SharedArrayBuffer(16));
}

test("threads may begin nothing until main says so", () => {
  const words = make();
  expect(words.isOpen).toBe(false);
  words.isOpen = true;
  expect(words.isOpen).toBe(true);
});

test("a thread begins one task alone, until main has heard of it and of its end", () => {
  const words = make();
  expect(words.begin(1, 0)).toBe(true);
  expect(words.begin(1, 0)).toBe(false);
  words.heard(1, 0);
  expect(words.begin(1, 0)).toBe(false);
  words.unmark(1, 0);
  expect(words.begin(1, 0)).toBe(true);
  expect(words.begin(2, 0)).toBe(true);
});

test("main learns of what the thread has begun, and what it marks the thread does not begin", () => {
  const words = make();
  expect(words.mark(1, 7)).toBe(false);
  expect(words.begin(1, 7)).toBe(false);
  words.unmark(1, 7);
  expect(words.begin(1, 7)).toBe(true);
  expect(words.mark(1, 7)).toBe(true);
  words.unmark(1, 7);
  // Main gives nothing, and the thread's own is still to be heard of.
  expect(words.begin(1, 7)).toBe(false);
});

// Generations begin anew when their bits are used up; so do these, with two bits less.
test.each([0, 5, 2 ** 29 - 1, 2 ** 30 - 1])(
  "an actor has no mark of the one before it in its slot: %d",
  (generation) => {
    const words = make();
    const next = generation + 1;
    words.begin(1, generation);
    words.mark(1, generation);
    expect(words.begin(1, next)).toBe(true);
    // What main says of the former comes too late.
    words.unmark(1, generation);
    words.heard(1, generation);
    expect(words.mark(1, generation)).toBe(false);
    expect(words.begin(1, next)).toBe(false);
    words.heard(1, next);
    words.unmark(1, next);
    expect(words.begin(1, next)).toBe(true);
  },
);

test("whatever the two do, an actor never has one of each by both", () => {
  const step = fc.constantFrom("begin", "give", "hear", "end");
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const words = make();
      // By its thread, told to main, by main.
      let begun = 0;
      let inHand = 0;
      for (const one of steps) {
        if (one === "begin" && words.begin(1, 3)) begun++;
        else if (one === "give" && inHand === 0) {
          if (!words.mark(1, 3)) inHand++;
          else words.unmark(1, 3);
        } else if (one === "hear" && begun > 0) {
          words.heard(1, 3);
          begun--;
          inHand++;
        } else if (one === "end" && inHand > 0 && --inHand === 0) words.unmark(1, 3);
        expect(begun + inHand).toBeLessThanOrEqual(1);
      }
    }),
  );
});
