/** 10^6 messages each way between two threads, in order, every hundredth a special value at a random place. */
import { startSystem } from "../../index.ts";
import { courier } from "./behaviours/courier.ts";
import { check, report } from "./stress-report.ts";

const total = Number(process.argv[2] ?? 1_000_000);

const startedAt = performance.now();
// Unchecked: a transferred buffer and a cycle are not frozen anyway, and freezing is not the question here.
const system = await startSystem({ threads: 2, spare: false, checks: false });
const a = await system.spawn(courier, 1, { placement: { thread: 1 } });
const b = await system.spawn(courier, 2, { placement: { thread: 2 } });
const forEver = { timeoutMs: Number.POSITIVE_INFINITY };
const both = await Promise.all([
  a.call("ship", { peer: b, total }, forEver),
  b.call("ship", { peer: a, total }, forEver),
]);
for (const { received, specials, wrong } of both) {
  check(wrong === "", wrong);
  check(received === total, `${received} of ${total} received`);
  check(specials === Math.floor(total / 100), `${specials} special values`);
}
const { deadLetters } = await system.stats();
check(
  Object.values(deadLetters).every((count) => count === 0),
  `dead letters: ${JSON.stringify(deadLetters)}`,
);
await system.stop();
const durationMs = performance.now() - startedAt;
report({ total, eachWay: 2, perSecond: (2 * total) / (durationMs / 1_000), durationMs });
