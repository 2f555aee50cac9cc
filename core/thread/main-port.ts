/**
 * The port to main, which is the runtime's own: by it a thread learns of others.
 *
 * Libraries take `parentPort` for theirs, close it or remove its listeners. So the programs of a thread get another, which
 * leads to nobody: what is posted there is handed on to main, which says so.
 */
import { syncBuiltinESMExports } from "node:module";
import workerThreads, { MessageChannel, type MessagePort } from "node:worker_threads";

/** Before any program's code is loaded. @throws Error in a thread that has none. */
export function takeMainPort(): MessagePort {
  const main = workerThreads.parentPort;
  if (main === null) throw new Error("thread-entry is started by the runtime, as a worker thread");
  const { port1, port2 } = new MessageChannel();
  Object.assign(workerThreads, { parentPort: port1 });
  // For those that import it by name.
  syncBuiltinESMExports();
  port2.on("message", (said) => main.postMessage(said));
  port2.unref();
  return main;
}
