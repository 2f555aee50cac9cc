/**
 * A news desk: work by priority for whoever can do it, its results on the bus, a queue that gives again what was not done, and a
 * configuration that is changed while its actor runs.
 *
 *     node examples/desk/main.ts
 */
import { startSystem } from "mofa";
import { printer, writer } from "./staff.ts";

await using system = await startSystem({ threads: 2 });
const writers = [
  { name: "ann", cost: 2 },
  { name: "bob", cost: 1 },
];
await system.supervise({
  childPlacement: { thread: 1 }, // where threads differ, `find` puts who is on the slower one behind
  children: writers.map(({ name, cost }) => ({
    id: name,
    name,
    start: [writer, name],
    declaration: { metadata: { name }, capabilities: [{ name: "write", cost }] },
  })),
});
await system.supervise({
  intensity: 10, // the printers crash four times
  children: [1, 2].map((id) => ({ id, start: [printer] })),
});

const found = system.find({ capability: "write" }); // as free and as fast: the cheaper first
console.log("writers:", found.map(({ declaration }) => declaration.metadata?.["name"]).join(", "));

// The last piece of each subject is kept for readers who come later.
await system.keepTopic("printed.*", { messagesPerTopic: 1 });
const { promise: lost, resolve } = Promise.withResolvers<string>();
system.events.on("deadLetter", ({ why }) => resolve(why));

const tasks = ["politics", "sport", "weather"].map((argument, priority) =>
  system.submit({ capability: "write", call: "write", argument, priority, attempts: 2, deadlineMs: 10_000 }),
);
for (const task of tasks) console.log(await task.result());
console.log("a piece is given up after three:", await lost);

const printed: string[] = [];
for await (const { message } of await system.subscribe("printed.*", { from: "first" })) {
  printed.push(String(message));
  if (printed.length === 2) break;
}
for (const piece of printed.sort((a, b) => a.localeCompare(b))) console.log("printed:", piece);

console.log((await system.reconfigure("ann", { tone: "warm" })).origins);
for (const tone of ["shrill", 5]) {
  await system.reconfigure("ann", { tone }).catch(({ code, message }) => console.log(code, message.split(">: ")[1]));
}

const again = { capability: "write", call: "write", argument: "politics" };
const nightly = await system.schedule("0 3 * * *", again, { timeZone: "Europe/Berlin" });
console.log("again at", new Date(nightly.nextMs() ?? 0).toLocaleTimeString("en-GB", { timeZone: "Europe/Berlin" }));
