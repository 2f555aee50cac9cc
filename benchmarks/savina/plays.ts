/** All of them, by name. */
import { apsp } from "./apsp.ts";
import { astar } from "./astar.ts";
import { banking } from "./banking.ts";
import { barberPlay } from "./barber.ts";
import { big } from "./big.ts";
import { bitonicsort } from "./bitonicsort.ts";
import { bndbuffer } from "./bndbuffer.ts";
import { chameneos } from "./chameneos.ts";
import { cigsmok } from "./cigsmok.ts";
import { concdict } from "./concdict.ts";
import { fib } from "./fib.ts";
import { filterbank } from "./filterbank.ts";
import { fjcreate } from "./fjcreate.ts";
import { fjthrput } from "./fjthrput.ts";
import { logmap } from "./logmap.ts";
import { nqueenk } from "./nqueenk.ts";
import type { Play } from "./part.ts";
import { philosopherPlay } from "./philosopher.ts";
import { piprecision } from "./piprecision.ts";
import { quicksort } from "./quicksort.ts";
import { radixsort } from "./radixsort.ts";
import { recmatmul } from "./recmatmul.ts";
import { sieve } from "./sieve.ts";
import { skynet } from "./skynet.ts";
import { trapezoid } from "./trapezoid.ts";
import { uct } from "./uct.ts";

export const plays = {
  fjthrput,
  fjcreate,
  chameneos,
  big,
  concdict,
  bndbuffer,
  philosopher: philosopherPlay,
  barber: barberPlay,
  cigsmok,
  logmap,
  banking,
  radixsort,
  filterbank,
  sieve,
  uct,
  trapezoid,
  piprecision,
  recmatmul,
  quicksort,
  apsp,
  astar,
  nqueenk,
  fib,
  bitonicsort,
  skynet,
} as const satisfies Readonly<Record<string, Play>>;

export type PlayName = keyof typeof plays;
