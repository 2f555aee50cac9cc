/** How the time of runs is told without a look at the clock for each. */
import { expect, test } from "@jest/globals";
import { Cell } from "../../../core/actor/cell.ts";
import { CountTable } from "../../../core/kernel/count-table.ts";
import { TimeShares } from "../../../core/kernel/time-shares.ts";

function stage() {
  let nowMs = 0;
  let looks = 0;
  const table = new CountTable();
  const before = new CountTable();
  const shares = new TimeShares(table, () => {
    looks++;
    return nowMs;
  });
  shares.begin();
  return {
    shares,
    run(cell: Cell, ms: number, turns = 1) {
      nowMs += ms;
      shares.ran(cell, turns);
    },
    of: (cell: Cell) => table.since(before, cell),
    looks: () => looks,
  };
}

const cellAt = (slot: number, generation = 1) => new Cell(slot, generation, 0, {} as never, undefined);

test("short runs share a look by their turns, 64 of them at the most, and no time is lost", () => {
  const { shares, run, of, looks } = stage();
  const [one, other] = [cellAt(1), cellAt(2)];
  for (let n = 0; n < 6_400; n++) run(n % 2 === 0 ? one : other, 0.0002, n % 2 === 0 ? 3 : 1);
  shares.end();
  expect([of(one).turns, of(other).turns]).toEqual([9_600, 3_200]);
  expect(looks()).toBeLessThan(120);
  expect(of(one).busyMs + of(other).busyMs).toBeCloseTo(1.28, 6);
  expect(of(one).busyMs / of(other).busyMs).toBeCloseTo(3, 1);
});

test("an actor that takes long among many that do not has its own time from its second long run on", () => {
  const { shares, run, of } = stage();
  const crowd = Array.from({ length: 40 }, (_, at) => cellAt(at + 1));
  const busy = cellAt(99);
  for (let round = 0; round < 50; round++) {
    for (const cell of crowd) run(cell, 0.0002);
    run(busy, 2);
  }
  shares.end();
  const others = crowd.reduce((sum, cell) => sum + of(cell).busyMs, 0);
  expect(of(busy).busyMs).toBeGreaterThan(97);
  expect(others).toBeLessThan(3);
  expect(of(busy).busyMs + others).toBeCloseTo(100.4, 6);
});

test("one that takes long in a turn of fifty is still told from the others", () => {
  const { shares, run, of } = stage();
  const [quick, uneven] = [cellAt(1), cellAt(2)];
  for (let n = 0; n < 5_000; n++) {
    run(quick, 0.0002);
    run(uneven, n % 50 === 0 ? 1 : 0.0002);
  }
  shares.end();
  expect(of(uneven).busyMs).toBeGreaterThan(98);
  expect(of(quick).busyMs).toBeLessThan(3);
});

test("who comes into a slot begins at nothing, and what was not brought to its end counts as turns alone", () => {
  const { shares, run, of } = stage();
  const [first, next] = [cellAt(7), cellAt(7, 2)];
  run(first, 1);
  run(next, 1, 2);
  shares.end();
  expect([of(first), of(next)]).toEqual([
    { turns: 0, busyMs: 0 },
    { turns: 2, busyMs: 1 },
  ]);
  for (let n = 0; n < 3; n++) run(next, 0.001);
  shares.begin();
  expect(of(next).turns).toBe(5);
});
