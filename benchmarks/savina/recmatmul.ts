/**
 * Recursive matrix multiplication: a master hands products to 20 workers, who divide the greater ones into eight of half the side and hand
 * them back. Savina's workers write into one matrix; here each has its own blocks of the result, and a block's products go to the same worker.
 */
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { lastOf, type Play, type PlayArgument, part } from "./part.ts";

const workers = 20;
const sideMax = 1_024;
/** So often a side is halved: the blocks are 128 wide, as Savina's. */
const halvings = 3;
const blocks = 2 ** halvings;
const elementMax = 10;

/** Of the matrices: so long that the multiplications are no more than the size; blocks have an even number of rows. */
const sideOf = (size: number): number =>
  Math.min(sideMax, Math.max(1, Math.floor((Math.cbrt(size) + 1e-9) / (2 * blocks))) * 2 * blocks);

/** Both factors, in rows. Each thread has them once: as in Savina, they are there before all work. */
const factorsOf = lastOf((side: number) => {
  const random = chance(side);
  const made = (): Float64Array => Float64Array.from({ length: side * side }, () => random.below(elementMax));
  return { left: made(), right: made() };
});

/** Of a row or a column, so that no two that lie side by side can be taken for each other. */
const weightOf = (at: number): number => 1 + (at % 7);

/** A block of the result has a row and a column; `via` is the column of the left factor's block and the row of the right one's. */
interface Product {
  readonly type: "product";
  readonly side: number;
  readonly row: number;
  readonly column: number;
  readonly via: number;
}
type ToMaster = Product | { readonly type: "done" } | { readonly type: "sum"; readonly sum: number };
type ToWorker = Product | { readonly type: "end" };

const halves = (whole: number, half: number): readonly number[] => [whole, whole + half];

function eighths({ side, row, column, via }: Product): Product[] {
  const half = side / 2;
  return halves(row, half).flatMap((ofRow) =>
    halves(column, half).flatMap((ofColumn) =>
      halves(via, half).map((ofVia) => ({ type: "product", side: half, row: ofRow, column: ofColumn, via: ofVia })),
    ),
  );
}

/** Adds the product of two blocks to the one of the result, by two rows of the right factor at once: each element is read and written half as often. */
function addTo(result: Float64Array, whole: number, { side, row, column, via }: Product): void {
  const { left, right } = factorsOf(whole);
  for (let y = 0; y < side; y += 1)
    for (let k = 0; k < side; k += 2) {
      const ofLeft = (row + y) * whole + via + k;
      const [one, other] = [left[ofLeft] as number, left[ofLeft + 1] as number];
      const start = (via + k) * whole + column;
      for (let x = 0; x < side; x += 1) {
        const sum = one * (right[start + x] as number) + other * (right[start + whole + x] as number);
        result[y * side + x] = (result[y * side + x] as number) + sum;
      }
    }
}

interface Block {
  readonly row: number;
  readonly column: number;
  readonly side: number;
  readonly values: Float64Array;
}

function weighted({ row, column, side, values }: Block): number {
  let sum = 0;
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1)
      sum += weightOf(row + y) * weightOf(column + x) * (values[y * side + x] as number);
  return sum;
}

interface WorkerArgument {
  readonly master: Ref;
  readonly whole: number;
}

export const worker = part({
  init: ({ master, whole }: WorkerArgument) => ({ master, whole, made: new Map<number, Block>() }),
  receive({ master, whole, made }, message: ToWorker, stage) {
    if (message.type === "end") {
      const sum = [...made.values()].reduce((before, block) => before + weighted(block), 0);
      stage.send(master, { type: "sum", sum } satisfies ToMaster);
      stage.stop();
      return;
    }
    const { side, row, column } = message;
    if (side > whole / blocks) for (const eighth of eighths(message)) stage.send(master, eighth satisfies ToMaster);
    else {
      const at = row * whole + column;
      const block = made.get(at) ?? { row, column, side, values: new Float64Array(side * side) };
      made.set(at, block);
      addTo(block.values, whole, message);
    }
    stage.send(master, { type: "done" } satisfies ToMaster);
  },
});

/** The master. The result is the matrix's, each element by the weight of its row and of its column. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const whole = sideOf(size);
    const all = Array.from({ length: workers }, () => stage.spawn(worker, { master: stage.self, whole }));
    stage.send(stage.self, { type: "product", side: whole, row: 0, column: 0, via: 0 } satisfies ToMaster);
    return { owner, whole, all, open: 0, left: workers, sum: 0 };
  },
  receive(state, message: ToMaster, stage) {
    switch (message.type) {
      case "product": {
        const { side, row, column } = message;
        const block = (row / side) * (state.whole / side) + column / side;
        stage.send(state.all[block % workers] as Ref, message satisfies ToWorker);
        state.open += 1;
        return;
      }
      case "done":
        state.open -= 1;
        if (state.open === 0) for (const one of state.all) stage.send(one, { type: "end" } satisfies ToWorker);
        return;
      case "sum":
        state.sum += message.sum;
        state.left -= 1;
        if (state.left > 0) return;
        stage.send(state.owner, state.sum);
        stage.stop();
    }
  },
});

export const recmatmul: Play = {
  question: `two matrices of ${sideMax.toLocaleString("en-US")} rows are multiplied in blocks, by ${workers} workers`,
  operation: "multiplication",
  size: sideMax ** 3,
  /** Weights times left, and right times weights: their product is the same, and needs no matrix (R. Freivalds, 1977). */
  expected(size) {
    const side = sideOf(size);
    const { left, right } = factorsOf(side);
    let sum = 0;
    for (let via = 0; via < side; via += 1) {
      let [ofLeft, ofRight] = [0, 0];
      for (let at = 0; at < side; at += 1) {
        ofLeft += weightOf(at) * (left[at * side + via] as number);
        ofRight += weightOf(at) * (right[via * side + at] as number);
      }
      sum += ofLeft * ofRight;
    }
    return sum;
  },
  first,
};
