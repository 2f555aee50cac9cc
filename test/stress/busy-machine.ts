/**
 * On a machine with many times as much to do as it has processors, turns take far longer than they would alone: none is cut
 * down that used a quarter of its limit, and one that does not end is, within its ten limits.
 *
 * Where the system does not tell how long a thread waits for a processor (all but Linux) nothing is claimed.
 *
 *     node dist/test/stress/busy-machine.js [turns]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { osThreadNumber } from "../../core/thread/processor-wait.ts";
import { startSystem } from "../../index.ts";
import { hardWorker } from "./behaviours/hard-worker.ts";
import { check, progress, report } from "./stress-report.ts";

const turns = Number(process.argv[2] ?? 20);
const limitMs = 400;
const workMs = limitMs / 4;
/** What the watchdog and main take for a cut, on such a machine. */
const slackMs = 3_000;

if (osThreadNumber() === 0) {
  process.stdout.write("not claimed: this system does not tell how long a thread waits for a processor\n");
  process.exit(0);
}

await using system = await startSystem({ threads: 1, spare: false });
const there = { placement: { thread: 1 }, turnLimitMs: limitMs } as const;
const worker = await system.spawn(hardWorker, undefined, there);
/** Programs that take what they can of the processors; more of them for as long as turns still come to their end in time. */
const burners: ChildProcess[] = [];
const burnersMax = availableParallelism() * 16;
const burn = () => {
  for (let processor = 0; processor < availableParallelism(); processor++)
    burners.push(spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
};
const tookMs: number[] = [];
const endsMs: number[] = [];
try {
  const work = () => worker.call("work", workMs, { timeoutMs: 60_000 }) as Promise<number>;
  for (let times = 0; times < 4; times++) burn();
  while (tookMs.length < turns) {
    if (Math.max(0, ...tookMs) <= limitMs && burners.length < burnersMax) burn();
    tookMs.push(await work());
    progress(`${tookMs.length} of ${turns} turns`);
  }
  for (let loops = 0; loops < 3; loops++) {
    const looper = await system.spawn(hardWorker, undefined, there);
    const beganMs = performance.now();
    const code = await looper
      .call("loop", undefined, { timeoutMs: 60_000 })
      .catch((error: { code: string }) => error.code);
    endsMs.push(performance.now() - beganMs);
    check(code === "turn_limit", `a loop ended ${code}`);
  }
} finally {
  for (const burner of burners) burner.kill("SIGKILL");
}
check(Math.max(...tookMs) > limitMs, "the machine was not busy enough: no turn took longer than its limit");
check(Math.max(...endsMs) < limitMs * 10 + slackMs, `a loop was cut after ${Math.max(...endsMs)} ms`);
const { cuts, threadsLost } = await system.stats();
check(cuts === endsMs.length && threadsLost === 0, `${cuts} cuts, ${threadsLost} threads lost`);
report({ turns, workMs, limitMs, tookMs, loopEndsMs: endsMs });
