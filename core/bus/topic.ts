/**
 * Topics and patterns, as in NATS: words between dots. In a pattern `*` stands for one word and a last `>` for one or more.
 */
import { describe, RuntimeError } from "../errors.ts";

/** Longest topic or pattern, in UTF-16 units. */
const topicLengthMax = 256;
/** Words of a topic or pattern. */
const wordsMax = 32;

/** Neither a dot nor one of the wildcards, nor white space or what cannot be printed. */
const word = /^[^.*>\s\p{Cc}]+$/u;

export function isTopicWord(text: string): boolean {
  return word.test(text);
}

/** The words of a topic that is published. @throws RuntimeError `bad_argument`. */
export function wordsOfTopic(topic: unknown, verb: string): readonly string[] {
  const words = split(topic);
  if (words?.every((one) => word.test(one)) === true) return words;
  throw new RuntimeError(
    "bad_argument",
    `${verb} wants a topic like "orders.eu.created", at most ${wordsMax} words of at most ${topicLengthMax} characters in all and no wildcards, got ${describe(topic)}`,
  );
}

/** The words of a pattern that is subscribed to. @throws RuntimeError `bad_argument`. */
export function wordsOfPattern(pattern: unknown, verb: string): readonly string[] {
  const words = split(pattern);
  if (words?.every((one, at) => word.test(one) || one === "*" || (one === ">" && at === words.length - 1)) === true)
    return words;
  throw new RuntimeError(
    "bad_argument",
    `${verb} wants a topic or a pattern like "orders.*.created" or "orders.>", at most ${wordsMax} words of at most ${topicLengthMax} characters in all, got ${describe(pattern)}`,
  );
}

function split(text: unknown): readonly string[] | undefined {
  if (typeof text !== "string" || text.length > topicLengthMax) return undefined;
  const words = text.split(".");
  return words.length > wordsMax ? undefined : words;
}
