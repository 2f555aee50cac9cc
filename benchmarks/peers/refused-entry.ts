/** A process of its own in which Node refuses the inspector: reads a size a line, and answers each with a repetition as JSON. */
import { createInterface } from "node:readline";
import { doomedContender } from "./doomed.ts";
import { refusedName } from "./refused.ts";

const contender = doomedContender({ name: refusedName, doom: "loop" });
for await (const line of createInterface({ input: process.stdin })) {
  const { latenciesUs, ...repetition } = await contender.run(Number(line));
  process.stdout.write(`${JSON.stringify({ ...repetition, latenciesUs: [...(latenciesUs ?? [])] })}\n`);
}
await contender.close();
