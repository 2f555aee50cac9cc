/** Who has tasks in hand, as main and an actor's own thread tell each other in shared memory. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { globalWords } from "../../../core/kernel/memory-layout.ts";
import { type Owner, TaskWords } from "../../../core/kernel/task-words.ts";

const one = { thread: 3, generation: 7 };

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
  expect(words.begin(1, one)).toBe(true);
  expect(words.begin(1, one)).toBe(false);
  words.heard(1, one);
  expect(words.begin(1, one)).toBe(false);
  words.unmark(1, one);
  expect(words.begin(1, one)).toBe(true);
  expect(words.begin(2, one)).toBe(true);
});

test("main learns of what the thread has begun, and what it marks the thread does not begin", () => {
  const words = make();
  expect(words.mark(1, one)).toBe(false);
  expect(words.begin(1, one)).toBe(false);
  words.unmark(1, one);
  expect(words.begin(1, one)).toBe(true);
  expect(words.mark(1, one)).toBe(true);
  words.unmark(1, one);
  // Main gives nothing, and the thread's own is still to be heard of.
  expect(words.begin(1, one)).toBe(false);
});

// Generations begin anew when their bits are used up.
test.each<[string, Owner, Owner]>([
  ["it was of the same thread", one, { thread: 3, generation: 8 }],
  ["its generation was the last", { thread: 3, generation: 2 ** 16 - 1 }, { thread: 3, generation: 2 ** 16 }],
  ["its thread was lost", one, { thread: 4, generation: 7 }],
  ["its thread was lost, and had used it more often", one, { thread: 5, generation: 0 }],
  ["its thread was of the upper half", { thread: 8_191, generation: 0 }, { thread: 8_192, generation: 0 }],
  ["its thread was the last but one", { thread: 16_382, generation: 9 }, { thread: 16_383, generation: 0 }],
])("an actor has no mark of the one before it in its slot: %s", (_what, former, next) => {
  const words = make();
  words.begin(1, former);
  words.mark(1, former);
  expect(words.begin(1, next)).toBe(true);
  // What main says of the former comes too late.
  words.unmark(1, former);
  words.heard(1, former);
  expect(words.mark(1, former)).toBe(false);
  expect(words.begin(1, next)).toBe(false);
  words.heard(1, next);
  words.unmark(1, next);
  expect(words.begin(1, next)).toBe(true);
});

test("whatever the two do, an actor never has one of each by both", () => {
  const step = fc.constantFrom("begin", "give", "hear", "end");
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const words = make();
      // By its thread, told to main, by main.
      let begun = 0;
      let inHand = 0;
      for (const deed of steps) {
        if (deed === "begin" && words.begin(1, one)) begun++;
        else if (deed === "give" && inHand === 0) {
          if (!words.mark(1, one)) inHand++;
          else words.unmark(1, one);
        } else if (deed === "hear" && begun > 0) {
          words.heard(1, one);
          begun--;
          inHand++;
        } else if (deed === "end" && inHand > 0 && --inHand === 0) words.unmark(1, one);
        expect(begun + inHand).toBeLessThanOrEqual(1);
      }
    }),
  );
});
