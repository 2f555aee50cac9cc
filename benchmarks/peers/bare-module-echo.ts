/** The thread of `bare-module-worker.ts`. */
import { parentPort } from "node:worker_threads";
import { bareModule } from "./bare-module.ts";

const ask = bareModule();
parentPort?.on("message", (input: Uint8Array) => parentPort?.postMessage(ask(input)));
