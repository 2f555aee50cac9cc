/** The floor: a worker thread that loops is ended as a whole, and another started by hand in its place, or taken from beside. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Contender } from "../harness.ts";
import { type Stopwatch, timeEach } from "./stopwatch.ts";
import { siblingModule } from "./thread-contender.ts";

/** @param spare whether the successor is up already when the thread is ended. */
export function bareWorker({ spare }: { readonly spare: boolean }): Contender {
  let worker: Worker | undefined;
  let standby: Worker | undefined;
  const start = (): Worker => new Worker(siblingModule("bare-worker-echo", import.meta.url));
  const play = async (number: number, watch: Stopwatch): Promise<number> => {
    worker ??= start();
    if (spare) standby ??= start();
    for (const one of [worker, standby]) if (one !== undefined) await ask(one, -1);
    await ask(worker, "loop");
    watch.start();
    await worker.terminate();
    worker = standby ?? start();
    standby = undefined;
    const answer = await ask(worker, number);
    watch.lap();
    return answer as number;
  };
  return {
    name: spare ? "bare worker, spare" : "bare worker",
    dividedBy: 1,
    run: (size) => timeEach(size, play),
    async close() {
      await Promise.all([worker?.terminate(), standby?.terminate()]);
      worker = undefined;
      standby = undefined;
    },
  };
}

/** Its next message: what it was sent. */
async function ask(worker: Worker, message: number | "loop"): Promise<unknown> {
  const answer = once(worker, "message") as Promise<[unknown]>;
  worker.postMessage(message);
  return (await answer)[0];
}
