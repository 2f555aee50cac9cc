/**
 * A model's answers as streams: one is read to its end, one is left in the middle, and one breaks off with its model.
 *
 *     node examples/stream/main.ts
 */
import { startSystem } from "mofa";
import { model } from "./model.ts";

await using system = await startSystem({ threads: 2 });
await system.supervise({ children: [{ id: "model", name: "model", start: [model] }] });

const answer = system.callStream("model", "answer", "good morning");
for await (const word of answer) console.log("read:", word);
console.log("the end:", answer.result);

// It would count for ever: leaving the loop tells it to stop. At most four words are on their way.
const numbers: unknown[] = [];
for await (const number of system.callStream("model", "answer", "count", { window: 4 })) {
  numbers.push(number);
  if (numbers.length === 10) break;
}
console.log("read and left:", numbers.join(" "));
console.log("answers given up:", await system.call("model", "givenUp"));

// What it had said before its crash is read before the loop fails.
const words: unknown[] = [];
try {
  for await (const word of system.callStream("model", "answer", "something hard")) words.push(word);
} catch (error) {
  console.log(`read "${words.join(" ")}", then: ${(error as Error).message}`);
}
