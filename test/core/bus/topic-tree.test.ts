/** Which topics a pattern matches, against an oracle that knows no tree: a regular expression made from the pattern. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { wordsOfPattern, wordsOfTopic } from "../../../core/bus/topic.ts";
import { TopicTree } from "../../../core/bus/topic-tree.ts";

/** Few words, so that patterns and topics meet; some look like those of a regular expression. */
const word = fc.constantFrom("a", "b", "ab", "é", "a+", "(b)", "$", "constructor");
const topic = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join("."));
const pattern = fc
  .tuple(fc.array(fc.oneof(word, fc.constant("*")), { maxLength: 4 }), fc.oneof(word, fc.constantFrom("*", ">")))
  .map(([words, last]) => [...words, last].join("."));

function oracle(pattern: string): RegExp {
  const words = pattern.split(".").map((one) => {
    if (one === "*") return "[^.]+";
    if (one === ">") return ".+";
    return one.replace(/[+()$]/g, String.raw`\$&`);
  });
  return new RegExp(`^${words.join(String.raw`\.`)}$`, "u");
}

/** What an add or a delete is about: one of a few items, so that the same pair comes up again. */
const change = fc.record({ isAdd: fc.boolean(), pattern, item: fc.integer({ min: 0, max: 3 }) });

const found = (tree: TopicTree<string>, topic: string): string[] => {
  const items: string[] = [];
  tree.match(wordsOfTopic(topic, "publish"), (item) => items.push(item));
  return items.sort();
};

describe("a tree of patterns", () => {
  test("finds for a topic the items of the patterns that match it, once for each, after any adds and deletes", () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 40 }),
        fc.array(topic, { minLength: 1, maxLength: 10 }),
        (changes, topics) => {
          const tree = new TopicTree<string>();
          /** Pattern and item. */
          const held = new Map<string, string>();
          for (const { isAdd, pattern, item } of changes) {
            const words = wordsOfPattern(pattern, "subscribe");
            const key = `${pattern} ${item}`;
            if (isAdd) {
              tree.add(words, key);
              held.set(key, pattern);
            } else expect(tree.delete(words, key)).toBe(held.delete(key));
            for (const one of topics)
              expect(found(tree, one)).toEqual(
                [...held]
                  .filter(([, by]) => oracle(by).test(one))
                  .map(([of]) => of)
                  .sort(),
              );
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("keeps nothing of what was deleted", () => {
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { minLength: 1, maxLength: 20 }), (patterns) => {
        const tree = new TopicTree<string>();
        for (const one of patterns) tree.add(wordsOfPattern(one, "subscribe"), one);
        for (const one of patterns) tree.delete(wordsOfPattern(one, "subscribe"), one);
        expect(tree.isEmpty).toBe(true);
      }),
    );
  });
});
