/**
 * What does a message cost between actors of one thread? Also a call, and the making of an actor.
 * The floor is a mailbox loop that promises nothing; see README.md for what each figure may be read as.
 */
import { runFile } from "./command-line.ts";
import { asFastAs } from "./goal.ts";
import type { Absent, Contender, Question } from "./harness.ts";
import { erlang } from "./peers/erlang.ts";
import { type OurScenario, ours } from "./peers/ours.ts";
import { pairsAtOnce, ringActors, sumBelow, windowMessages } from "./peers/scenario.ts";
import { threadContender } from "./peers/thread-contender.ts";

/** nact takes one setImmediate and one await a message, so it is given a twentieth of the work. */
const nactDividedBy = 20;

function contenders(scenario: OurScenario): readonly (Contender | Absent)[] {
  return [
    ours({ scenario, threads: 1 }),
    threadContender({ name: "hand", module: "hand-scenarios", scenario }),
    threadContender({ name: "nact", needs: "nact", module: "nact", scenario, dividedBy: nactDividedBy }),
    ...(scenario === "threadring"
      ? [threadContender({ name: "bare ring", module: "bare-ring", scenario })]
      : [threadContender({ name: "xstate", needs: "xstate", module: "xstate", scenario })]),
    erlang({ scenario, schedulers: 1 }),
    erlang({ scenario, schedulers: 2 }),
  ];
}

/** Erlang's processes wait for nothing but messages: theirs is ping-pong as it is. */
function asyncPingPong(kind: "async" | "await", pairs: "pair" | "pairs", asFastAsErlang1: number): Question {
  const scenario = `${kind}-${pairs}` as const;
  const who = pairs === "pairs" ? `${pairsAtOnce} pairs` : "two actors";
  const how = kind === "await" ? "async handlers that await in every turn" : "async handlers";
  return {
    name: scenario,
    question: `${who} with ${how} send one message to and fro`,
    unit: "ns",
    placement: "same thread",
    goals: [asFastAs("erlang +S 1", asFastAsErlang1)],
    operation: "round trip",
    size: 200_000,
    expected: (trips) => trips,
    contenders: () => [
      ours({ scenario, threads: 1 }),
      threadContender({ name: "bare async", module: "hand-async", scenario }),
      ...[1, 2].map((schedulers) => erlang({ scenario: pairs === "pair" ? "pingpong" : pairs, schedulers })),
    ],
  };
}

const asFastAsErlang = (times: number) => [asFastAs("erlang +S 1", times), asFastAs("erlang +S 2", times)];

const questions: readonly Question[] = [
  {
    name: "pingpong",
    question: "two actors send one message to and fro",
    unit: "ns",
    placement: "same thread",
    goals: [...asFastAsErlang(4), asFastAs("nact", 28), asFastAs("hand", 2.7)],
    operation: "round trip",
    size: 200_000,
    expected: (trips) => trips,
    contenders: () => contenders("pingpong"),
  },
  asyncPingPong("async", "pair", 1),
  asyncPingPong("async", "pairs", 1.5),
  asyncPingPong("await", "pair", 0.5),
  asyncPingPong("await", "pairs", 1),
  {
    name: "threadring",
    question: `a token goes round ${ringActors} actors`,
    unit: "ns",
    placement: "same thread",
    goals: [...asFastAsErlang(3), asFastAs("nact", 15)],
    operation: "hop",
    size: 1_000_000,
    expected: (hops) => hops,
    contenders: () => contenders("threadring"),
  },
  {
    name: "count-flood",
    question: "one actor sends to a counter, all at once",
    unit: "ns",
    placement: "same thread",
    goals: [asFastAs("erlang +S 1", 1.2), asFastAs("hand", 0.7)],
    operation: "message",
    size: 1_000_000,
    expected: (messages) => messages,
    contenders: () => contenders("count-flood"),
  },
  {
    name: "count-windows",
    question: `one actor sends to a counter, an answer after every ${windowMessages.toLocaleString("en-US")}`,
    unit: "ns",
    placement: "same thread",
    goals: asFastAsErlang(2),
    operation: "message",
    size: 1_000_000,
    expected: (messages) => messages,
    contenders: () => contenders("count-windows"),
  },
  {
    name: "spawn",
    question: "actors are created, each answers one message",
    unit: "ns",
    placement: "same thread",
    goals: asFastAsErlang(5),
    operation: "actor",
    size: 100_000,
    expected: sumBelow,
    contenders: () => contenders("spawn"),
  },
  {
    name: "call",
    question: "a caller awaits each reply before the next request",
    unit: "ns",
    placement: "same thread",
    goals: asFastAsErlang(4),
    operation: "call",
    size: 20_000,
    expected: (calls) => calls,
    contenders: () => contenders("call"),
  },
];

await runFile(import.meta.url, questions);
