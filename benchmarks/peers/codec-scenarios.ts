/** The codec questions for any way to write messages and read them back in one thread. */
import { document, weigh } from "./document.ts";
import type { Repetition, Scenarios } from "./scenario.ts";

/** Passes all messages, in order, and hands each copy on. */
export type Pass = (messages: readonly unknown[], take: (copy: unknown) => void) => void;

/** Messages that are written before they are read, for those ways that gain by it. */
const batchMessages = 64;

interface Order {
  readonly number: number;
  readonly lines: readonly { readonly price: number }[];
}

export function codecScenarios(pass: Pass): Scenarios {
  const scenario =
    <M>(make: (number: number) => M, weighOne: (copy: M) => number) =>
    (size: number): Promise<Repetition> => {
      let result = 0;
      const startMs = performance.now();
      for (let made = 0; made < size; ) {
        const messages: M[] = [];
        for (; messages.length < batchMessages && made < size; made += 1) messages.push(make(made));
        pass(messages, (copy) => {
          result += weighOne(copy as M); // the copy of what `make` made
        });
      }
      return Promise.resolve({ result, elapsedMs: performance.now() - startMs });
    };
  return {
    "codec-small": scenario(
      (number) => ({ type: "add", by: 1, number }),
      ({ by }) => by,
    ),
    "codec-object": scenario(document, weigh),
    "codec-order": scenario(order, ({ lines }) => (lines.length === 6 ? 1 : 0)),
  };
}

/** A business object: many short texts, most of them new each time. */
function order(number: number): Order {
  const message = {
    type: "order",
    number,
    id: `order-${number}`,
    customer: {
      name: `Ada Lovelace ${number}`,
      email: `ada.${number}@example.com`,
      address: { street: `${number % 300} St James's Square`, city: "London", code: "SW1Y 4JH" },
    },
    lines: Array.from({ length: 6 }, (_, line) => ({
      item: `item-${number + line}`,
      title: `part ${line} of engine ${number}`,
      quantity: line + 1,
      price: line + 19.75,
    })),
    total: number + 0.5,
    isPaid: number % 2 === 0,
    tags: ["urgent", "export", "fragile"],
    note: `Please leave it at the back door between nine and five, number ${number}.`,
  };
  return message;
}
