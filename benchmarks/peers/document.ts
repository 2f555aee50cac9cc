/**
 * The object of about 1 KB that is sent between threads. Each is made anew, with no part shared between two of
 * them: structured clone would send a shared part once for a whole batch.
 */

export interface Document {
  readonly type: "document";
  readonly number: number;
  readonly title: string;
  readonly author: { readonly name: string; readonly age: number; readonly isMember: boolean };
  readonly tags: readonly string[];
  readonly scores: readonly number[];
  readonly body: string;
}

/** 64 different texts of 780 characters; in JSON a document then has about 1,024. */
const bodies = Array.from({ length: 64 }, (_, position) =>
  `${position} The quick brown fox jumps over the lazy dog and runs on. `.repeat(14).slice(0, 780),
);

export function document(number: number): Document {
  return {
    type: "document",
    number,
    title: `document ${number}`,
    author: { name: "Ada Lovelace", age: number % 90, isMember: number % 2 === 0 },
    tags: ["actor", "supervisor", "message", "mailbox", "thread"],
    scores: [number, number + 0.5, number + 0.25, 1.125, 2.5, 3.75, 4.625, 5.875],
    body: bodies[number % bodies.length] ?? "",
  };
}

/** What a receiver adds up: 1 for a document that arrived whole. */
export function weigh(received: Document): number {
  const isWhole =
    received.title === `document ${received.number}` &&
    received.author.age === received.number % 90 &&
    received.tags.length === 5 &&
    received.scores.length === 8 &&
    received.body.length === 780;
  return isWhole ? 1 : 0;
}
