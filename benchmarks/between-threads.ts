/**
 * What does a message cost between two threads, by its shape and by how many are under way?
 * The floor is a bare MessagePort between two worker threads, and the same with 64 messages to a post.
 */
import { runFile } from "./command-line.ts";
import { asFastAs } from "./goal.ts";
import type { Absent, Contender, Question } from "./harness.ts";
import { erlang } from "./peers/erlang.ts";
import { type OurScenario, ours } from "./peers/ours.ts";
import {
  batchMessages,
  objectWindowMessages,
  oneWayWindowMessages,
  pairsAtOnce,
  type ScenarioName,
} from "./peers/scenario.ts";
import { threadContender } from "./peers/thread-contender.ts";

/** comlink makes an id and a listener for each call. */
const comlinkDividedBy = 20;

function contenders(scenario: OurScenario): readonly (Contender | Absent)[] {
  return [
    ours({ scenario, threads: 2 }),
    threadContender({ name: "message-port", module: "message-port", scenario }),
    threadContender({ name: "channel", module: "channel", scenario }),
    threadContender({ name: "comlink", needs: "comlink", module: "comlink", scenario, dividedBy: comlinkDividedBy }),
  ];
}

const batched = (scenario: ScenarioName): Contender =>
  threadContender({ name: `message-port by ${batchMessages}`, module: "message-port", scenario });

const inErlang = (scenario: ScenarioName): readonly (Contender | Absent)[] => [
  erlang({ scenario, schedulers: 2 }),
  erlang({ scenario, schedulers: 2, placement: "apart" }),
];

const thousands = (count: number): string => count.toLocaleString("en-US");

const questions: readonly Question[] = [
  {
    name: "round-trip",
    question: "one message to another thread and back, one at a time",
    unit: "us",
    placement: "two threads",
    goals: [asFastAs("message-port", 1 / 1.2)],
    operation: "round trip",
    size: 10_000,
    expected: (trips) => trips,
    contenders: () => [...contenders("round-trip"), ...inErlang("round-trip")],
  },
  {
    name: "pairs",
    question: `${pairsAtOnce} pairs play ping-pong between two threads`,
    unit: "ns",
    placement: "two threads",
    goals: [asFastAs("erlang +S 2", 1), asFastAs("comlink", 50)],
    operation: "round trip",
    size: 100_000,
    expected: (trips) => trips,
    contenders: () => [...contenders("pairs"), ...inErlang("pairs")],
  },
  {
    name: "one-way",
    question: `small messages to a counter, an answer after every ${thousands(oneWayWindowMessages)}`,
    unit: "ns",
    placement: "two threads",
    goals: [asFastAs("erlang +S 2", 1.2), { text: "4 million messages a second", wanted: 250 }],
    operation: "message",
    size: 200_000,
    expected: (messages) => messages,
    contenders: () => [...contenders("one-way"), batched("one-way-batched"), ...inErlang("one-way")],
  },
  {
    name: "objects",
    question: `objects of about 1 KB, an answer after every ${thousands(objectWindowMessages)}`,
    unit: "ns",
    placement: "two threads",
    // The second is for types that were registered; here all are, since shapes are learnt.
    goals: [asFastAs(`message-port by ${batchMessages}`, 1), asFastAs(`message-port by ${batchMessages}`, 3)],
    operation: "object",
    size: 20_000,
    expected: (messages) => messages,
    contenders: () => [...contenders("objects"), batched("objects-batched")],
  },
];

await runFile(import.meta.url, questions);
