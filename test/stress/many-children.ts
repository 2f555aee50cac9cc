/** 100,000 children under one dynamic supervisor: all start, a loss of one thread brings them back, and all end in order. */
import { startSystem } from "../../index.ts";
import { idle } from "./behaviours/idle.ts";
import { check, progress, report, rssMb } from "./stress-report.ts";

const children = Number(process.argv[2] ?? 100_000);
/** Requests at once. */
const batch = 5_000;

const startedAt = performance.now();
const system = await startSystem({ threads: 2 });
const tree = await system.superviseDynamic({ intensity: 10, periodMs: 60_000, child: { start: [idle, 0] } });
for (let n = 0; n < children; n += batch) {
  const outcomes = await Promise.all(Array.from({ length: Math.min(batch, children - n) }, () => tree.startChild()));
  check(
    outcomes.every(({ ok }) => ok),
    "a child did not start",
  );
  progress(`${n + batch} children`);
}
const startMs = performance.now() - startedAt;
check((await tree.countChildren()).active === children, "not every child is active");
const lossAt = performance.now();
await system.terminateThread(1, "stress");
while ((await tree.countChildren()).active < children) progress("children come back");
const recoveryMs = performance.now() - lossAt;
const memoryMb = rssMb();
const stopAt = performance.now();
await system.stop();
report({ children, startMs, recoveryMs, stopMs: performance.now() - stopAt, memoryMb });
