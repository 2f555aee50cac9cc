/**
 * What does each feature of the runtime cost a message? Two actors of one thread play ping-pong: a run of an actor has one message
 * there, so what is done for each run is dearest. The first contender has no feature, as far as options go, each other one more.
 */
import { runFile } from "./command-line.ts";
import { type FeatureName, features } from "./features.ts";
import { asFastAs } from "./goal.ts";
import type { Contender, Question } from "./harness.ts";
import { systemContender } from "./peers/system-contender.ts";
import { threadContender } from "./peers/thread-contender.ts";
import { startRally } from "./rally.ts";

/** Supervision, lifecycle and metrics at once: what nearly every actor of a program that is looked after has. */
const allThree: readonly FeatureName[] = ["supervised", "declared", "counted"];
const nameOf = (names: readonly FeatureName[]) => names.join(" + ");
const bare = "bare";
/** Main has four events for each round trip. */
const tracedDividedBy = 20;

function rally(names: readonly FeatureName[]): Contender {
  const contender = systemContender(
    names.length === 0 ? bare : nameOf(names),
    () => startRally(names.map((name) => features[name])),
    ({ play }, trips) => play(trips),
  );
  return names.includes("traced") ? { ...contender, dividedBy: tracedDividedBy } : contender;
}

const questions: readonly Question[] = [
  {
    name: "feature",
    question: "two actors send one message to and fro, with one feature more than the bare system",
    unit: "ns",
    placement: "same thread",
    operation: "round trip",
    goals: [asFastAs(bare, 0.8, nameOf(allThree))],
    size: 200_000,
    expected: (trips) => trips,
    contenders: () => [
      rally([]),
      // Second, so that a quick run has it.
      rally(allThree),
      ...(Object.keys(features) as FeatureName[]).map((name) => rally([name])),
      threadContender({ name: "hand", module: "hand-scenarios", scenario: "pingpong" }),
      threadContender({ name: "hand, watched", module: "hand-watched", scenario: "pingpong" }),
    ],
  },
];

await runFile(import.meta.url, questions);
