/**
 * Faults by hand: a till is struck by one after the other, in the middle of five sales each time, and no sale is lost or
 * booked twice. A plan in a file does the same to a program that knows nothing of it: `mofa run <module> --chaos plan.json`.
 *
 *     node examples/faults/main.ts
 */
import { RuntimeError, startSystem } from "mofa";
import { type Fault, injectFaults } from "mofa/testing";
import { ledger, ledgerName, type Sale, till, tillName } from "./till.ts";

const third = { actor: tillName, afterTurns: 2 };
const faults: readonly Fault[] = [
  { kind: "throw", ...third },
  { kind: "loop", ...third },
  { kind: "loopAfterAwait", ...third },
  { kind: "regex", ...third },
  { kind: "exit", ...third },
  { kind: "kill", ...third },
  { kind: "poison", ...third },
  { kind: "threadLoss", ...third },
  { kind: "drop", to: tillName, afterMessages: 2, times: 1 },
  { kind: "refuse", from: tillName, to: ledgerName, times: 1 },
  { kind: "delay", from: tillName, to: ledgerName, ms: 20 },
];
const salesEach = 5;

await using system = await startSystem({ threads: 2 });
// What must outlive the till runs on main, where no thread can be lost under it.
await system.supervise({ children: [{ id: ledgerName, name: ledgerName, start: [ledger], placement: { thread: 0 } }] });
await system.supervise({ intensity: 100, children: [{ id: tillName, name: tillName, start: [till] }] });

let restarts = 0;
system.events.on("restarted", () => {
  restarts += 1;
});

/** Asks until it is sold, and notes why it was not. */
async function sell(sale: Sale, timeoutMs: number, failures: string[]): Promise<void> {
  for (;;) {
    try {
      await system.call(tillName, "sell", sale, { timeoutMs });
      return;
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      failures.push(error.code);
      await system.settled(); // its supervisor has started it again
    }
  }
}

for (const fault of faults) {
  await using injected = await injectFaults(system, { seed: 1, faults: [fault] });
  const failures: string[] = [];
  const before = restarts;
  const timeoutMs = fault.kind === "drop" ? 1_000 : 20_000;
  for (let at = 0; at < salesEach; at++) {
    await sell({ id: `${fault.kind} ${at}`, cents: 100 }, timeoutMs, failures);
    await system.settled(); // a poison message is read
  }
  const [count] = injected.injected();
  console.log(
    `${fault.kind}: struck ${count?.injected}, failed calls: ${failures.join(" ") || "none"}, restarts: ${restarts - before}`,
  );
}

const { sales, cents } = (await system.call(ledgerName, "total")) as { sales: number; cents: number };
console.log(`${sales} of ${faults.length * salesEach} sales are booked, ${cents} cents`);
