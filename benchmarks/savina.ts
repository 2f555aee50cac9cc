/**
 * The benchmarks of Savina, with their defaults, each written once (`savina/`) and played by the runtime and by its peers in the same
 * thread. The floor is the loop called `hand`. Some are played again by the runtime with their parts on two threads.
 */
import { startSystem } from "../index.ts";
import { runFile } from "./command-line.ts";
import { asFastAs, type Goal } from "./goal.ts";
import type { Absent, Contender, Question } from "./harness.ts";
import { erlang } from "./peers/erlang.ts";
import { ourName } from "./peers/ours.ts";
import { systemContender } from "./peers/system-contender.ts";
import { threadContender } from "./peers/thread-contender.ts";
import {
  betweenSizes,
  dedicated,
  dedicatedSizes,
  inWords,
  type Place,
  sameThread,
  twoThreads,
} from "./savina/placements.ts";
import { type PlayerPlace, player } from "./savina/player.ts";
import { type PlayName, plays } from "./savina/plays.ts";

/** One setImmediate and one await a message: a twentieth is enough. */
const nactDividedBy = 20;

function ours(name: PlayName, { threads, player: options, seats }: Place, contender = ourName): Contender {
  const start = async () => {
    const system = await startSystem({ threads, checks: false, turnLimitMs: 60_000 });
    const place: PlayerPlace = { name, ...(seats && { seats }) };
    return { system, driver: await system.spawn(player, place, options) };
  };
  return systemContender(contender, start, ({ driver }, size) =>
    driver.call("play", size, { timeoutMs: Number.POSITIVE_INFINITY }),
  );
}

/** `erlang/mofa_savina.erl` has these. */
const inErlang: ReadonlySet<PlayName> = new Set([
  "fjthrput",
  "fjcreate",
  "chameneos",
  "big",
  "bndbuffer",
  "banking",
  "sieve",
  "nqueenk",
  "fib",
  "skynet",
]);

const erlangs = (name: PlayName, schedulers: readonly number[]): readonly (Contender | Absent)[] =>
  inErlang.has(name) ? schedulers.map((count) => erlang({ scenario: name, schedulers: count })) : [];

const goals: Readonly<Partial<Record<PlayName, readonly Goal[]>>> = {
  fjthrput: [asFastAs("erlang +S 1", 1.2), asFastAs("hand", 0.7)],
  big: [asFastAs("erlang +S 1", 3.5), asFastAs("erlang +S 2", 3.5), asFastAs("nact", 10)],
};

const names = Object.keys(plays) as PlayName[];

const inOneThread = names.map((name): Question => {
  const { question, operation, size, expected } = plays[name];
  return {
    name,
    question,
    unit: "ns",
    placement: sameThread.placement,
    goals: goals[name] ?? [],
    operation,
    size,
    expected,
    contenders: () => [
      ours(name, sameThread),
      threadContender({ name: "hand", module: "hand-stage", scenario: name }),
      threadContender({ name: "nact", needs: "nact", module: "nact-stage", scenario: name, dividedBy: nactDividedBy }),
      ...erlangs(name, [1, 2]),
    ],
  };
});

/** Beside the runtime itself in one thread: what the other one is good for. */
const elsewhere = (
  place: Place,
  ending: string,
  dividedBy: typeof betweenSizes,
  schedulers: readonly number[],
): readonly Question[] =>
  names.flatMap((name) => {
    const share = dividedBy[name];
    if (share === undefined) return [];
    const { question, operation, size, expected } = plays[name];
    return {
      name: `${name}-${ending}`,
      question: `${question}${inWords[share]}`,
      unit: "ns",
      placement: place.placement,
      operation,
      size: Math.round(size / share),
      expected,
      contenders: () => [
        ours(name, place),
        ours(name, sameThread, `${ourName}, one thread`),
        ...erlangs(name, schedulers),
      ],
    };
  });

await runFile(import.meta.url, [
  ...inOneThread,
  ...elsewhere(twoThreads, "between", betweenSizes, [2]),
  ...elsewhere(dedicated, "dedicated", dedicatedSizes, []),
]);
