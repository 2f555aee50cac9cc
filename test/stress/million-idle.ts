/** A million idle actors, each then answering one message; memory before and after is printed. */
import { startSystem } from "../../index.ts";
import { crowd } from "./behaviours/crowd.ts";
import { check, progress, report, rssMb } from "./stress-report.ts";

const actors = Number(process.argv[2] ?? 1_000_000);
const threads = 2;
const each = Math.ceil(actors / threads);

const startedAt = performance.now();
const system = await startSystem({ threads, spare: false });
const beforeMb = rssMb();
const crowds = await Promise.all(
  Array.from({ length: threads }, (_, n) => system.spawn(crowd, undefined, { placement: { thread: n + 1 } })),
);
const spawnFrom = performance.now();
const spawned = await Promise.all(crowds.map((ref) => ref.call("grow", each, { timeoutMs: Number.POSITIVE_INFINITY })));
const spawnMs = performance.now() - spawnFrom;
const living = spawned.reduce((a, b) => a + b, 0);
check(living === each * threads, `${living} actors live`);
progress(`${living} actors live`);
const idleMb = rssMb();
const askFrom = performance.now();
const sums = await Promise.all(
  crowds.map((ref) => ref.call("askEach", undefined, { timeoutMs: Number.POSITIVE_INFINITY })),
);
const askMs = performance.now() - askFrom;
const expected = (each * (each - 1)) / 2;
for (const sum of sums) check(sum === expected, `the answers add up to ${sum}, not ${expected}`);
const afterMb = rssMb();
const stats = await system.stats();
check(stats.actors === living + threads, `${stats.actors} actors counted`);
await system.stop();
report({
  actors: living,
  beforeMb,
  idleMb,
  afterMb,
  bytesAnActor: ((idleMb - beforeMb) * 1_048_576) / living,
  spawnMs,
  askMs,
  durationMs: performance.now() - startedAt,
});
