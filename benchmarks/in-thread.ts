/**
 * What does a message cost between actors of one thread? Also a call, and the making of an actor.
 * The floor is a mailbox loop that promises nothing; see README.md for what each figure may be read as.
 */
import { runFile } from "./command-line.ts";
import type { Absent, Contender, Question } from "./harness.ts";
import { erlang } from "./peers/erlang.ts";
import { type OurScenario, ours } from "./peers/ours.ts";
import { ringActors, sumBelow, windowMessages } from "./peers/scenario.ts";
import { threadContender } from "./peers/thread-contender.ts";

/** nact takes one setImmediate and one await a message, so it is given a twentieth of the work. */
const nactDividedBy = 20;

function contenders(scenario: OurScenario): readonly (Contender | Absent)[] {
  return [
    ours({ scenario, threads: 1 }),
    threadContender({ name: "hand", module: "hand-scenarios", scenario }),
    threadContender({ name: "nact", module: "nact", scenario, dividedBy: nactDividedBy }),
    erlang({ scenario, schedulers: 1 }),
    erlang({ scenario, schedulers: 2 }),
  ];
}

const questions: readonly Question[] = [
  {
    name: "pingpong",
    question: "two actors send one message to and fro",
    unit: "ns",
    operation: "round trip",
    size: 200_000,
    expected: (trips) => trips,
    contenders: () => contenders("pingpong"),
  },
  {
    name: "threadring",
    question: `a token goes round ${ringActors} actors`,
    unit: "ns",
    operation: "hop",
    size: 1_000_000,
    expected: (hops) => hops,
    contenders: () => contenders("threadring"),
  },
  {
    name: "count-flood",
    question: "one actor sends to a counter, all at once",
    unit: "ns",
    operation: "message",
    size: 1_000_000,
    expected: (messages) => messages,
    contenders: () => contenders("count-flood"),
  },
  {
    name: "count-windows",
    question: `one actor sends to a counter, an answer after every ${windowMessages.toLocaleString("en-US")}`,
    unit: "ns",
    operation: "message",
    size: 1_000_000,
    expected: (messages) => messages,
    contenders: () => contenders("count-windows"),
  },
  {
    name: "spawn",
    question: "actors are created, each answers one message",
    unit: "ns",
    operation: "actor",
    size: 100_000,
    expected: sumBelow,
    contenders: () => contenders("spawn"),
  },
  {
    name: "call",
    question: "a caller awaits each reply before the next request",
    unit: "ns",
    operation: "call",
    size: 20_000,
    expected: (calls) => calls,
    contenders: () => contenders("call"),
  },
];

await runFile(import.meta.url, questions);
