/**
 * What does a read cost that every thread answers from its own copy: who has a name, whether an actor lives, who is in a group, who can do something?
 * The actors live on another thread than who asks. The floor is a Map, whose values are copied, and put in order, where the answer is a list.
 */
import { runFile } from "./command-line.ts";
import type { Contender, Question } from "./harness.ts";
import { type OurScenario, ours } from "./peers/ours.ts";
import { threadContender } from "./peers/thread-contender.ts";

function contenders(scenario: OurScenario): readonly Contender[] {
  return [ours({ scenario, threads: 2 }), threadContender({ name: "map", module: "map-scenarios", scenario })];
}

const goals = [{ text: "a look-up of one within 1 us", wanted: 1_000 }] as const;
const common = {
  unit: "ns",
  placement: "two threads",
  operation: "look-up",
  expected: (lookUps: number) => lookUps,
} as const;

const questions: readonly Question[] = [
  {
    ...common,
    name: "whereis",
    goals,
    question: "who has a name, among 100 names",
    size: 1_000_000,
    contenders: () => contenders("whereis"),
  },
  {
    ...common,
    name: "is-alive",
    goals,
    question: "whether an actor of another thread lives",
    size: 1_000_000,
    contenders: () => contenders("is-alive"),
  },
  {
    ...common,
    name: "members-1",
    goals,
    question: "who is in a group of one member",
    size: 1_000_000,
    contenders: () => contenders("members-1"),
  },
  {
    ...common,
    name: "members-100",
    question: "who is in a group of 100 members",
    size: 20_000,
    contenders: () => contenders("members-100"),
  },
  {
    ...common,
    name: "members-10000",
    question: "who is in a group of 10,000 members",
    size: 200,
    contenders: () => contenders("members-10000"),
  },
  {
    ...common,
    name: "find-1",
    goals,
    question: "which agents have a capability, where one has it",
    size: 200_000,
    contenders: () => contenders("find-1"),
  },
  {
    ...common,
    name: "find-100",
    question: "which agents have a capability, the best first, where 100 have it",
    size: 5_000,
    contenders: () => contenders("find-100"),
  },
];

await runFile(import.meta.url, questions);
