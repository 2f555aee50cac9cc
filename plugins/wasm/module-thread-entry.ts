/** The first file of a module's thread: starts the module, then answers one question after the other. No code of the runtime's runs here. */
import { workerData } from "node:worker_threads";
import { ActorInbox } from "./actor-inbox.ts";
import { HostCalls } from "./host-calls.ts";
import { faultOf } from "./module-fault.ts";
import { ModuleInstance } from "./module-instance.ts";
import type { FromThread, ThreadData } from "./thread-protocol.ts";

const data = workerData as ThreadData;
const inbox = new ActorInbox(data);

function failure(number: number, error: unknown): FromThread {
  const { code, message } = faultOf(error);
  return { type: "failure", number, code, message };
}

function serve(instance: ModuleInstance): never {
  for (;;) {
    const asked = inbox.next();
    // Nobody can say any more whose answer is whose.
    if (asked.type !== "ask") throw new Error(`a question was awaited, and a ${asked.type} came`);
    const { number, question } = asked;
    let word: FromThread;
    try {
      word = { type: "answer", number, value: instance.answer(question) };
    } catch (error) {
      word = failure(number, error);
    }
    inbox.say(word);
  }
}

function start(): ModuleInstance | undefined {
  try {
    const instance = new ModuleInstance(data, new HostCalls(inbox, data.hostCallsMax, data.messageBytesMax));
    instance.start();
    inbox.say({ type: "ready" });
    return instance;
  } catch (error) {
    inbox.say(failure(0, error));
    return undefined;
  }
}

const instance = start();
if (instance !== undefined) serve(instance);
