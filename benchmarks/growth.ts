/**
 * How do time and memory grow with the number of actors, and what becomes of a load when there are more threads than processors? The
 * contenders are the runtime with more and more of them: a ratio is the growth of one operation, from the first of them on.
 */
import { runFile } from "./command-line.ts";
import type { Phase } from "./crowd.ts";
import { asFastAs } from "./goal.ts";
import type { Question } from "./harness.ts";
import { crowd, load, weighedCrowd } from "./peers/growing.ts";

const crowds = [1_000, 10_000, 100_000, 1_000_000];
const livesMost = 1_000_000;
/** A repetition has ten crowds of the small ones, and as many lives as can be timed. */
const crowdsIn = crowds.map((actors) => {
  const lives = Math.min(10 * actors, Math.max(actors, 100_000));
  return { actors, dividedBy: livesMost / lives };
});

const ofCrowds = {
  placement: "same thread",
  operation: "actor",
  size: livesMost,
  expected: (lives: number) => lives,
};

const asked: Readonly<Record<Phase, string>> = {
  spawn: "so many actors are spawned, linked to who spawns them, and each runs its `init`",
  message: "a loop sends one message to each of so many actors, and each handles it",
  stop: "each of so many actors is told to shut down, and its exit is heard of",
};

/** What a thread more may cost a load that has no processor for it. */
const noCollapse = [asFastAs("2 threads", 0.5, "8 threads")];
const ofLoads = {
  unit: "ns",
  operation: "round trip",
  goals: noCollapse,
  size: 400_000,
  expected: (trips: number) => trips,
} as const;

const questions: readonly Question[] = [
  ...(Object.keys(asked) as Phase[]).map(
    (timed): Question => ({
      ...ofCrowds,
      name: `grow-${timed}`,
      question: asked[timed],
      unit: "ns",
      contenders: () => crowdsIn.map((one) => crowd({ ...one, timed })),
    }),
  ),
  {
    ...ofCrowds,
    name: "grow-bytes",
    question: "so many idle actors that are linked to who has spawned them: what does each hold?",
    unit: "bytes",
    contenders: () => crowdsIn.map(weighedCrowd),
  },
  {
    ...ofLoads,
    name: "threads-within",
    question: "400 actors play ping-pong by twos, each two in one thread, on so many threads",
    placement: "1 to 8 threads",
    contenders: () => [1, 2, 4, 8].map((threads) => load(threads, 0)),
  },
  {
    ...ofLoads,
    name: "threads-between",
    question: "the same, with half of the pairs between two threads",
    placement: "1 to 8 threads",
    contenders: () => [1, 2, 4, 8].map((threads) => load(threads, 100)),
  },
];

await runFile(import.meta.url, questions);
