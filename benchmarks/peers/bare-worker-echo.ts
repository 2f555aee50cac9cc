/** A bare worker thread: sends back each number that it gets; told to loop, it says so and loops for ever. */
import { parentPort } from "node:worker_threads";

parentPort?.on("message", (message: number | "loop") => {
  parentPort?.postMessage(message);
  while (message === "loop");
});
