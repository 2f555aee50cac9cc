/** The thread of a module, as the plugin's actor has it: one question at a time, each within its time, or the thread is ended. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { byDeadline, errorData, type PluginBus, RuntimeError } from "../../core/index.ts";
import type { WasmConfig } from "./config.ts";
import { answerRequest, publishText } from "./host-services.ts";
import { ShortWait } from "./short-wait.ts";
import { threadEnd } from "./thread-end.ts";
import type { FromThread, Question, ThreadData, ToThread } from "./thread-protocol.ts";

/** The JavaScript heap of a thread, in MiB: nothing of the module's lies in it but its tables, and what is under way. */
const heapLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 } as const;

/** What a question ends with; the other words are questions of the module's own. */
const isOutcome: Readonly<Record<FromThread["type"], boolean>> = {
  ready: true,
  answer: true,
  failure: true,
  log: false,
  publish: false,
  request: false,
};

export class ModuleThread {
  readonly #config: WasmConfig;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #said = new Int32Array(new SharedArrayBuffer(4));
  readonly #heard = new Int32Array(new SharedArrayBuffer(4));
  /** The other actors of this thread wait meanwhile. */
  readonly #shortWait = new ShortWait(50);
  /** Words of the thread that nobody has taken yet: bounded by `hostCallsMax`, and one answer. */
  readonly #words: FromThread[] = [];
  #wake: (() => void) | undefined;
  #lost: RuntimeError | undefined;
  #asked = 0;
  #ending: Promise<void> | undefined;
  readonly #bus: PluginBus;
  readonly #name: string;
  /** Of a request of the module's that is under way. */
  #giveUp: ((reason: RuntimeError) => void) | undefined;

  private constructor(module: Uint8Array, config: WasmConfig, bus: PluginBus, name: string) {
    this.#config = config;
    this.#bus = bus;
    this.#name = name;
    const { port1, port2 } = new MessageChannel();
    const data: ThreadData = {
      port: port2,
      toThread: this.#said,
      fromThread: this.#heard,
      module,
      isRaw: config.kind === "raw",
      isJson: config.kind === "json",
      imports: config.grants,
      memoryPagesMax: config.memoryPagesMax,
      messageBytesMax: config.messageBytesMax,
      hostCallsMax: config.hostCallsMax,
    };
    this.#port = port1;
    port1.on("message", (word: FromThread) => {
      this.#words.push(word);
      this.#wake?.();
    });
    // Nothing of the program: no flags, no variables, no preloaded modules.
    this.#worker = new Worker(new URL("./module-thread-entry.js", import.meta.url), {
      name: `wasm ${name}`,
      workerData: data,
      transferList: [port2],
      execArgv: [],
      env: {},
      resourceLimits: { ...heapLimits, stackSizeMb: config.stackMb },
    });
    this.#worker.on("error", (error) => this.#ended(`the module's thread broke down: ${errorData(error).message}`));
    this.#worker.on("exit", () => this.#ended("the module's thread has ended"));
  }

  /** @throws RuntimeError `wasm_refused`, `wasm_trap`, `wasm_abi`, `wasm_limit`, `wasm_timeout`, `wasm_lost`. */
  static async start(module: Uint8Array, config: WasmConfig, bus: PluginBus, name: string): Promise<ModuleThread> {
    const { signal } = bus;
    // Its module was read meanwhile; no later abort would end the thread.
    if (signal.aborted)
      throw new RuntimeError("wasm_lost", `the plugin ${name} ended before its module's thread started`);
    const thread = new ModuleThread(module, config, bus, name);
    signal.addEventListener("abort", () => void thread.end(), { once: true });
    try {
      await thread.#within(config.startTimeoutMs, "startTimeoutMs", bus);
    } catch (error) {
      await thread.end();
      throw error;
    }
    return thread;
  }

  /** Set once the thread is no more: the plugin has to start anew. */
  get lost(): RuntimeError | undefined {
    return this.#lost;
  }

  /** @throws RuntimeError `wasm_trap`, `wasm_abi`, `wasm_limit`, `bad_argument`; and, with the thread ended, `wasm_timeout`, `wasm_lost`. */
  async ask(question: Question, bus: PluginBus): Promise<unknown> {
    const heard = Atomics.load(this.#heard, 0);
    this.#say({ type: "ask", number: ++this.#asked, question });
    if (this.#shortWait.for(this.#heard, heard)) this.#takeWords();
    try {
      return await this.#within(this.#config.callTimeoutMs, "callTimeoutMs", bus);
    } catch (error) {
      // Whoever learns that it is lost finds it gone.
      if (this.#lost !== undefined) await this.end();
      throw error;
    }
  }

  async end(): Promise<void> {
    this.#lose("wasm_lost", "the module's thread was ended");
    this.#ending ??= threadEnd(this.#worker, () => {
      const text = `the thread of a module (${this.#name}) has not ended within a second, and may hold a processor`;
      if (this.#bus.signal.aborted) process.emitWarning(text);
      else this.#bus.log("error", text);
    });
    await this.#ending;
  }

  /** Those that lie at the port already. */
  #takeWords(): void {
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port))
      this.#words.push(next.message as FromThread);
  }

  #say(word: ToThread): void {
    this.#port.postMessage(word);
    Atomics.add(this.#said, 0, 1);
    Atomics.notify(this.#said, 0);
  }

  async #within(timeoutMs: number, key: string, bus: PluginBus): Promise<unknown> {
    const cancel = byDeadline(timeoutMs, () => {
      if (this.#words.some(({ type }) => isOutcome[type])) return; // it came in the last moment
      const what = key === "callTimeoutMs" ? "the call" : "the start of the module";
      this.#lose("wasm_timeout", `${what} took longer than ${key} (${timeoutMs}), and its thread was ended`);
      void this.end();
    });
    try {
      return await this.#outcome(bus);
    } finally {
      cancel();
    }
  }

  async #outcome(bus: PluginBus): Promise<unknown> {
    for (;;) {
      const word = this.#words.shift() ?? (await this.#nextWord());
      switch (word.type) {
        case "ready":
          return undefined;
        case "answer":
          this.#assertAsked(word.number);
          return word.value;
        case "failure":
          this.#assertAsked(word.number);
          throw new RuntimeError(word.code, word.message);
        case "log":
          bus.log(word.level, word.text);
          break;
        case "publish":
          publishText(word.topic, word.text, bus);
          break;
        case "request": {
          const reply = answerRequest(word.text, bus, this.#config.messageBytesMax);
          this.#say({ type: "reply", bytes: await this.#unlessLost(reply) });
          break;
        }
      }
    }
  }

  /** Another's answer is nobody's. */
  #assertAsked(number: number): void {
    if (number === this.#asked) return;
    const message = `the module's thread answered question ${number}, and was asked ${this.#asked}`;
    this.#lose("wasm_lost", message);
    throw new RuntimeError("wasm_lost", message);
  }

  /** No race with a promise that lives as long as the thread: that would keep something of each request. */
  async #unlessLost<T>(work: Promise<T>): Promise<T> {
    if (this.#lost !== undefined) throw this.#lost;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#giveUp = reject;
    work.then(resolve, reject);
    try {
      return await promise;
    } finally {
      this.#giveUp = undefined;
    }
  }

  async #nextWord(): Promise<FromThread> {
    for (;;) {
      const word = this.#words.shift();
      if (word !== undefined) return word;
      if (this.#lost !== undefined) throw this.#lost;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  /** Its end may be heard before its last words, which say why. */
  #ended(message: string): void {
    if (this.#lost === undefined) this.#takeWords();
    this.#lose("wasm_lost", message);
  }

  /** The first reason is the one that counts. */
  #lose(code: "wasm_timeout" | "wasm_lost", message: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = new RuntimeError(code, message);
    this.#giveUp?.(this.#lost);
    this.#port.close();
    this.#wake?.();
  }
}
