/**
 * What do the two halves of a hop between threads cost when nobody has to be woken: writing a message and reading it
 * back, in one thread? The floor is a MessagePort whose other end is read at once; msgpackr and JSON are the codecs
 * that could have been taken instead.
 */
import { runFile } from "./command-line.ts";
import type { Contender, Question } from "./harness.ts";
import type { ScenarioName } from "./peers/scenario.ts";
import { threadContender } from "./peers/thread-contender.ts";

const contenders = (scenario: ScenarioName): readonly Contender[] =>
  ["codec-channel", "codec-message-port", "codec-msgpackr", "codec-json"].map((module) =>
    threadContender({ name: module.replace("codec-", ""), module, scenario }),
  );

const questions: readonly Question[] = [
  {
    name: "codec-small",
    question: "a flat message of three fields, written and read",
    unit: "ns",
    placement: "same thread",
    operation: "message",
    size: 200_000,
    expected: (messages) => messages,
    contenders: () => contenders("codec-small"),
  },
  {
    name: "codec-object",
    question: "an object of about 1 KB, half of it one text, written and read",
    unit: "ns",
    placement: "same thread",
    operation: "object",
    size: 20_000,
    expected: (messages) => messages,
    contenders: () => contenders("codec-object"),
  },
  {
    name: "codec-order",
    question: "an object of about 1 KB in nine parts and thirty short texts, written and read",
    unit: "ns",
    placement: "same thread",
    operation: "object",
    size: 20_000,
    expected: (messages) => messages,
    contenders: () => contenders("codec-order"),
  },
];

await runFile(import.meta.url, questions);
