/** Where the runtime plays: which thread the player and the first part are in, and which the others. */
import type { SpawnOptions } from "../../index.ts";
import type { PlayName } from "./plays.ts";
import type { Seats } from "./seats.ts";

export interface Place {
  /** As it stands beside a question. */
  readonly placement: string;
  /** Scheduler threads of the system. */
  readonly threads: 1 | 2;
  /** How the player is made; the first part is beside it. */
  readonly player: SpawnOptions;
  /** Of the other parts. Default: all are beside it too. */
  readonly seats?: Seats;
}

export const sameThread: Place = { placement: "same thread", threads: 1, player: { placement: { thread: 1 } } };

export const twoThreads: Place = {
  ...sameThread,
  placement: "two threads",
  threads: 2,
  seats: { threads: [1, 2], last: 0 },
};

/** The first part has a thread of its own, and all others share one. */
export const dedicated: Place = {
  placement: "dedicated",
  threads: 1,
  player: { isolation: "thread" },
  seats: { threads: [1], last: 0 },
};

/** A play is so much smaller here than in one thread, where what crosses costs more. */
type DividedBy = 1 | 4 | 8 | 10;

type Sizes = Readonly<Partial<Record<PlayName, DividedBy>>>;

/** Plays about which two threads tell something: what a flood, a crowd or a place that all want costs between them, and what divided work gains. */
export const betweenSizes: Sizes = {
  fjthrput: 4,
  chameneos: 4,
  big: 10,
  bndbuffer: 4,
  banking: 1,
  trapezoid: 10,
  recmatmul: 8,
  apsp: 8,
  quicksort: 10,
  nqueenk: 1,
  skynet: 10,
};

/** Plays whose first part is the one that all others speak to. */
export const dedicatedSizes: Sizes = { fjthrput: 4, bndbuffer: 4, philosopher: 4, banking: 1, nqueenk: 1 };

/** What stands behind a play's question. */
export const inWords: Readonly<Record<DividedBy, string>> = {
  1: "",
  4: "; a quarter of that",
  8: "; an eighth of that",
  10: "; a tenth of that",
};
