/** A table by number beside a Map: no actors, so in no placement. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { NumberTable } from "../../../core/kernel/number-table.ts";

interface Thing {
  readonly number: number;
}

/** Few numbers, so that they meet; some as of other threads. */
const key = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 40 }))
    .map(([thread, id]) => thread * 2 ** 40 + id),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
);

const deed = fc.record({ does: fc.constantFrom("set", "set", "delete", "get"), key });

function sorted(things: Iterable<Thing>): number[] {
  return [...things].map(({ number }) => number).sort((a, b) => a - b);
}

test("whatever comes and goes, it holds what a Map holds", () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 300 }), (deeds) => {
      const table = new NumberTable<Thing>();
      const map = new Map<number, Thing>();
      for (const [number, { does, key }] of deeds.entries()) {
        const thing = { number };
        const before = map.get(key);
        expect(table.get(key)).toBe(before);
        if (does === "set") {
          table.set(key, thing);
          map.set(key, thing);
        } else if (does === "delete") {
          expect(table.delete(key)).toBe(before);
          map.delete(key);
        }
        expect(table.size).toBe(map.size);
      }
      expect(sorted(table.values())).toEqual(sorted(map.values()));
    }),
  );
});

test("a hundred thousand in a row come and go", () => {
  const table = new NumberTable<Thing>();
  for (let number = 1; number <= 100_000; number++) table.set(number, { number });
  expect(table.size).toBe(100_000);
  const wrong = [];
  for (let number = 1; number <= 99_990; number++) if (table.delete(number)?.number !== number) wrong.push(number);
  expect(wrong).toEqual([]);
  expect(sorted(table.values())).toEqual([
    99_991, 99_992, 99_993, 99_994, 99_995, 99_996, 99_997, 99_998, 99_999, 100_000,
  ]);
});
