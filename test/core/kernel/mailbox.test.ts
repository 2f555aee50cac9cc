/** The circular array of a mailbox (core/actor/mailbox.ts): what it keeps in order, and what it lets go. */
import { expect, test } from "@jest/globals";
import { Mailbox } from "../../../core/actor/mailbox.ts";
import { SeededRandom } from "../../../core/random.ts";

test.each([1, 2, 3])(
  "messages come in the order in which they went in, however the array stood when it grew, seed %i",
  (seed) => {
    const random = new SeededRandom(seed);
    const box = new Mailbox();
    const kept: number[] = [];
    for (let number = 0; number < 5_000; number++) {
      if (random.next() < 0.55) {
        box.push(String(number), number);
        kept.push(number);
      } else if (random.next() < 0.1) {
        box.unshift(String(number), number);
        kept.unshift(number);
      } else if (kept.length > 0) {
        expect(box.headMeta()).toBe(String(kept[0]));
        expect(box.shift()).toBe(kept.shift());
      }
      expect(box.size).toBe(kept.length);
    }
    expect(box.takeAll()).toEqual(kept.flatMap((number) => [String(number), number]));
  },
);

test("what has left it is held no more, also behind its growth", () => {
  const box = new Mailbox();
  for (let number = 0; number < 7; number++) {
    box.push("cast", {});
    if (number % 2 === 0) box.shift();
  }
  const held = () => [...box.items, ...(box.metas ?? [])].filter((item) => item !== undefined);
  expect(held()).toHaveLength(box.size * 2);
  box.takeAll();
  expect(held()).toEqual([]);
});
