/**
 * The link of an actor's process to the life of main: a thread of its own, since the actor has the process's first.
 */
import { Worker } from "node:worker_threads";

/** Started as the first of all, since it starts beside everything else. None of the program's flags and modules are its. */
export function startLink(): void {
  new Worker(new URL("./link-entry.js", import.meta.url), { name: "mofa link", execArgv: [], env: {} });
}

/** Main is gone, or broke with this process: it has nobody to live for. */
export function orphaned(): never {
  process.kill(process.pid, "SIGKILL");
  for (;;);
}
