/** A table by refs that keeps a number for each and no text (core/actor/ref-table.ts): two actors may share a place for a while. */
import { expect, test } from "@jest/globals";
import type { RefData } from "../../../core/actor/ref.ts";
import { RefTable } from "../../../core/actor/ref-table.ts";
import { SeededRandom } from "../../../core/random.ts";

test.each([1, 2, 3])(
  "it knows what a Map by the refs' texts knows, with places used again and again, seed %i",
  (seed) => {
    const random = new SeededRandom(seed);
    const draw = (below: number) => Math.floor(random.next() * below);
    const table = new RefTable<{ readonly ref: RefData; readonly value: number }>(({ ref }) => ref);
    const model = new Map<string, number>();
    for (let step = 0; step < 2_000; step++) {
      const ref: RefData = { node: "", thread: draw(2), slot: draw(3), generation: draw(3) };
      const key = JSON.stringify(ref);
      if (random.next() < 0.6) {
        table.set(ref, { ref, value: step });
        model.set(key, step);
      } else {
        expect(table.delete(ref)?.value).toBe(model.get(key));
        model.delete(key);
      }
      expect(table.size).toBe(model.size);
      expect(table.get(ref)?.value).toBe(model.get(key));
      expect(table.has(ref)).toBe(model.has(key));
      expect(new Set([...table.values()].map(({ value }) => value))).toEqual(new Set(model.values()));
    }
  },
);
