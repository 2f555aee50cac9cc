/**
 * Turns that hold their thread in native code: whatever it is, the actor ends with the blame, in its time. Where a cut reaches
 * it nobody else notices; where none does its thread is lost, and another takes the place.
 *
 *     node dist/test/stress/native-turns.js [name of one]
 */
import { startSystem } from "../../index.ts";
import { runaway } from "../fixtures/runaway.ts";
import { type Hold, holds, nativeHolder } from "./behaviours/native-holder.ts";
import { check, progress } from "./stress-report.ts";

const turnLimitMs = 300;
const there = { placement: { thread: 1 } } as const;
const only = process.argv[2];
const outcomes: Record<string, string> = {};

for (const hold of Object.keys(holds) as Hold[]) {
  if (only !== undefined && only !== hold) continue;
  progress(hold);
  await using system = await startSystem({ threads: 1, turnLimitMs: 30_000, threadEndTimeoutMs: 60_000 });
  const neighbour = await system.spawn(runaway, undefined, there);
  const holder = await system.spawn(nativeHolder, undefined, { ...there, turnLimitMs });
  const [mine, others] = [await system.monitor(holder), await system.monitor(neighbour)];
  let neighbourEnd: unknown;
  void others.down.then(({ reason }) => (neighbourEnd = reason));
  const beganMs = performance.now();
  const answer = await holder.call("hold", hold, { timeoutMs: 120_000 }).then(
    () => "answered",
    (error: { code: string }) => error.code,
  );
  const tookMs = Math.round(performance.now() - beganMs);
  if (answer !== "answered") {
    const { reason } = await mine.down;
    check(
      JSON.stringify(reason) === JSON.stringify({ turnLimit: turnLimitMs }),
      `${hold} ended ${JSON.stringify(reason)}`,
    );
    check(answer === "turn_limit", `the caller of ${hold} got ${answer}`);
  }
  // Whoever is in that place now answers.
  const later = await system.spawn(nativeHolder, undefined, there);
  check((await later.call("ping", undefined, { timeoutMs: 60_000 })) === "pong", `nobody answers behind ${hold}`);
  const { threadsLost } = await system.stats();
  check(threadsLost <= 1, `${hold} cost ${threadsLost} threads`);
  if (threadsLost === 0)
    check(system.isAlive(neighbour), `a neighbour of ${hold} ended ${JSON.stringify(neighbourEnd)}`);
  else
    check(
      JSON.stringify(await others.down.then(({ reason }) => reason)).includes("threadLost"),
      `the neighbour of ${hold} has the blame`,
    );
  outcomes[hold] =
    `${answer === "answered" ? "ended by itself" : threadsLost === 0 ? "cut" : "thread lost"} after ${tookMs} ms`;
}
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
