/** A program that starts two bare worker threads, and tells when both have answered. */
import type { Told } from "./fresh-process.ts";

const importMs = performance.now();
const { Worker } = await import("node:worker_threads");

const number = Number(process.argv[2]);
const workers = [1, 2].map(() => new Worker(new URL("./bare-worker-echo.js", import.meta.url)));
const answers = await Promise.all(
  workers.map((worker) => {
    const answer = new Promise<number>((resolve) => worker.once("message", resolve));
    worker.postMessage(number);
    return answer;
  }),
);
const endMs = performance.now();
process.stdout.write(JSON.stringify({ answer: Math.max(...answers), importMs, endMs } satisfies Told));
await Promise.all(workers.map((worker) => worker.terminate()));
