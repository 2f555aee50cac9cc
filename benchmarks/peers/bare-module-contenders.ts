/** The floors of a call of a module: a worker thread that is asked by its port, and an instance in place. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Contender } from "../harness.ts";
import { bareModule } from "./bare-module.ts";
import { numbered, numberOf } from "./numbered-bytes.ts";
import { timeEach } from "./stopwatch.ts";
import { siblingModule } from "./thread-contender.ts";

export function bareModuleWorker(): Contender {
  let worker: Worker | undefined;
  return {
    name: "bare worker",
    dividedBy: 1,
    run(size) {
      worker ??= new Worker(siblingModule("bare-module-echo", import.meta.url));
      const asked = worker;
      return timeEach(size, async (number, watch) => {
        const input = numbered(number);
        watch.start();
        const answer = once(asked, "message");
        asked.postMessage(input);
        const [bytes] = (await answer) as [Uint8Array];
        watch.lap();
        return numberOf(bytes);
      });
    },
    async close() {
      await worker?.terminate();
      worker = undefined;
    },
  };
}

export function bareInstance(): Contender {
  const ask = bareModule();
  return {
    name: "instance",
    dividedBy: 1,
    run: (size) =>
      timeEach(size, (number, watch) => {
        const input = numbered(number);
        watch.start();
        const bytes = ask(input);
        watch.lap();
        return Promise.resolve(numberOf(bytes));
      }),
    close: () => Promise.resolve(),
  };
}
