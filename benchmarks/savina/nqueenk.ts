/** N queens: a master hands boards to 20 workers by turns, who hand back those with fewer than four queens, one for each next place, and solve the others. */
import type { Ref } from "../../index.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const workers = 20;
const threshold = 4;
/** By the number of queens. */
const solutions = [1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2_680, 14_200] as const;

/** The most queens that have no more solutions. */
function queensFor(size: number): number {
  let queens = 12;
  while (queens > 4 && (solutions[queens] as number) > size) queens -= 1;
  return queens;
}

/** The column of the queen in each row so far. */
type Board = readonly number[];

function isFree(board: Board, column: number): boolean {
  for (let row = 0; row < board.length; row += 1) {
    const other = board[row] as number;
    if (other === column || Math.abs(other - column) === board.length - row) return false;
  }
  return true;
}

function solve(board: number[], queens: number): number {
  if (board.length === queens) return 1;
  let found = 0;
  for (let column = 0; column < queens; column += 1) {
    if (!isFree(board, column)) continue;
    board.push(column);
    found += solve(board, queens);
    board.pop();
  }
  return found;
}

type ToMaster =
  | { readonly type: "work"; readonly board: Board }
  | { readonly type: "found"; readonly solutions: number }
  | { readonly type: "done" };
type ToWorker = { readonly type: "work"; readonly board: Board } | { readonly type: "end" };

interface WorkerArgument {
  readonly master: Ref;
  readonly queens: number;
}

export const worker = part({
  init: (argument: WorkerArgument) => argument,
  receive({ master, queens }, message: ToWorker, stage) {
    if (message.type === "end") return stage.stop();
    const { board } = message;
    if (board.length >= threshold || board.length === queens)
      stage.send(master, { type: "found", solutions: solve([...board], queens) } satisfies ToMaster);
    else
      for (let column = 0; column < queens; column += 1)
        if (isFree(board, column)) stage.send(master, { type: "work", board: [...board, column] } satisfies ToMaster);
    stage.send(master, { type: "done" } satisfies ToMaster);
  },
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const queens = queensFor(size);
    const all = Array.from({ length: workers }, () => stage.spawn(worker, { master: stage.self, queens }));
    stage.send(stage.self, { type: "work", board: [] } satisfies ToMaster);
    return { owner, all, next: 0, open: 0, solutions: 0 };
  },
  receive(state, message: ToMaster, stage) {
    switch (message.type) {
      case "work":
        stage.send(state.all[state.next] as Ref, message satisfies ToWorker);
        state.next = (state.next + 1) % workers;
        state.open += 1;
        return;
      case "found":
        state.solutions += message.solutions;
        return;
      case "done":
        state.open -= 1;
        if (state.open > 0) return;
        for (const one of state.all) stage.send(one, { type: "end" } satisfies ToWorker);
        stage.send(state.owner, state.solutions);
        stage.stop();
    }
  },
});

export const nqueenk: Play = {
  question: `all places of 12 queens, by ${workers} workers`,
  operation: "solution",
  size: 14_200,
  expected: (size) => solutions[queensFor(size)] as number,
  first,
};
