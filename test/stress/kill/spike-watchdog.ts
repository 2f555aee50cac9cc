/**
 * EXPERIMENT, not the product: a thread that ends runaway turns in the other threads of its process.
 *
 * Its inspector session is connected to the main thread, and `Runtime.evaluate` goes to a worker inside
 * `NodeWorker.sendMessageToWorker`, with no domain enabled. It acts on the oracle words (`loopSlot`), which stand
 * for a turn limit or for `exit(ref, "kill")`. It has no user code. A session does not keep a thread alive: the tick does.
 */
import { Session } from "node:inspector";
import { parentPort } from "node:worker_threads";
import { monotonicMs, openWords, type SharedWords, word } from "./spike-words.ts";

export type ToWatchdog =
  | { readonly type: "watch"; readonly name: string; readonly buffer: SharedArrayBuffer; readonly warmUps: number }
  | { readonly type: "forget"; readonly name: string }
  | { readonly type: "report"; readonly name: string }
  | { readonly type: "evaluate"; readonly id: number; readonly name: string; readonly expression: string }
  | { readonly type: "close" };

export interface WatchReport {
  /** From the request to the first turn after the recovery, one entry a kill that landed. */
  readonly latenciesMs: readonly number[];
  /** Answers of the kernel function, counted. */
  readonly answers: Readonly<Record<string, number>>;
  /** Kills that were answered and did not lead to a recovery within ten seconds. */
  readonly stalled: number;
}

export type FromWatchdog =
  | { readonly type: "ready" }
  | { readonly type: "watching"; readonly name: string }
  | { readonly type: "answer"; readonly id: number; readonly value: string; readonly tookMs: number }
  | ({ readonly type: "report"; readonly name: string } & WatchReport);

interface Watched {
  readonly name: string;
  readonly words: SharedWords;
  readonly warmUps: number;
  sessionId: string | undefined;
  isAsking: boolean;
  requestMs: number;
  answeredMs: number;
  recoveries: number;
  readonly latenciesMs: number[];
  readonly answers: Record<string, number>;
  stalled: number;
}

const tickMs = 1;
const stalledAfterMs = 10_000;

class SpikeWatchdog {
  readonly #session = new Session();
  readonly #watched = new Map<string, Watched>();
  readonly #sessions = new Map<string, string>();
  readonly #asked = new Map<number, (value: string) => void>();
  readonly #startMs = monotonicMs();
  readonly #tell: (message: FromWatchdog) => void;
  #nextId = 1;

  constructor(tell: (message: FromWatchdog) => void) {
    this.#tell = tell;
    this.#session.connectToMainThread();
    this.#session.on("NodeWorker.attachedToWorker", ({ params }) => {
      // The title is "[worker 3] name".
      this.#sessions.set(params.workerInfo.title.replace(/^\[worker \d+\] /, ""), params.sessionId);
      for (const watched of this.#watched.values()) this.#begin(watched);
    });
    this.#session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => this.#onAnswer(params.message));
    this.#session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, (error) => {
      if (error !== null) throw error;
      tell({ type: "ready" });
    });
    setInterval(() => this.#tick(), tickMs);
  }

  onMessage(message: ToWatchdog): void {
    switch (message.type) {
      case "watch": {
        const watched: Watched = {
          name: message.name,
          words: openWords(message.buffer),
          warmUps: message.warmUps,
          sessionId: undefined,
          isAsking: true,
          requestMs: 0,
          answeredMs: 0,
          recoveries: 0,
          latenciesMs: [],
          answers: {},
          stalled: 0,
        };
        this.#watched.set(message.name, watched);
        this.#begin(watched);
        return;
      }
      case "forget":
        this.#watched.delete(message.name);
        this.#sessions.delete(message.name);
        return;
      case "report": {
        const watched = this.#watched.get(message.name);
        const { latenciesMs, answers, stalled } = watched ?? { latenciesMs: [], answers: {}, stalled: 0 };
        this.#tell({ type: "report", name: message.name, latenciesMs, answers, stalled });
        return;
      }
      case "evaluate": {
        const sessionId = this.#sessions.get(message.name);
        if (sessionId === undefined) throw new Error(`no session for ${message.name}`);
        const askedMs = monotonicMs();
        this.#ask(sessionId, message.expression, (value) => {
          this.#tell({ type: "answer", id: message.id, value, tookMs: monotonicMs() - askedMs });
        });
        return;
      }
      case "close":
        this.#session.disconnect();
        process.exit(0);
    }
  }

  /** The first evaluates of a thread are slow: a few go ahead. */
  #begin(watched: Watched): void {
    const sessionId = this.#sessions.get(watched.name);
    if (sessionId === undefined || watched.sessionId !== undefined) return;
    watched.sessionId = sessionId;
    let left = watched.warmUps;
    const next = (): void => {
      if (left-- > 0) {
        this.#ask(sessionId, "globalThis.spikeKill?.(-1, -1, -1)", next);
        return;
      }
      watched.isAsking = false;
      this.#tell({ type: "watching", name: watched.name });
    };
    next();
  }

  #tick(): void {
    const nowMs = monotonicMs();
    for (const watched of this.#watched.values()) {
      const { ints, stamps } = watched.words;
      ints[word.clockMs] = nowMs - this.#startMs;
      if (watched.isAsking) continue;
      if (watched.answeredMs > 0) {
        const recoveries = Atomics.load(ints, word.recoveries);
        if (recoveries === watched.recoveries) {
          if (nowMs - watched.answeredMs < stalledAfterMs) continue;
          watched.stalled++;
          watched.answeredMs = 0;
        } else {
          // The stamp is written after the count, by the first drain.
          const stampMs = stamps[0] ?? 0;
          if (stampMs < watched.requestMs && nowMs - watched.answeredMs < stalledAfterMs) continue;
          watched.latenciesMs.push(stampMs - watched.requestMs);
          watched.answeredMs = 0;
        }
      }
      const loopSlot = Atomics.load(ints, word.loopSlot);
      if (loopSlot !== 0) this.#request(watched, loopSlot - 1);
    }
  }

  #request(watched: Watched, slot: number): void {
    const { ints } = watched.words;
    if (watched.sessionId === undefined) return;
    const generation = Atomics.load(ints, word.loopGeneration);
    const turn = Atomics.load(ints, word.turn);
    watched.isAsking = true;
    watched.recoveries = Atomics.load(ints, word.recoveries);
    watched.requestMs = monotonicMs();
    this.#ask(watched.sessionId, `spikeKill(${slot}, ${generation}, ${turn})`, (answer) => {
      watched.isAsking = false;
      watched.answers[answer] = (watched.answers[answer] ?? 0) + 1;
      if (answer.startsWith("killed")) watched.answeredMs = monotonicMs();
    });
  }

  #ask(sessionId: string, expression: string, then: (value: string) => void): void {
    const id = this.#nextId++;
    this.#asked.set(id, then);
    const message = JSON.stringify({ id, method: "Runtime.evaluate", params: { expression, returnByValue: true } });
    this.#session.post("NodeWorker.sendMessageToWorker", { sessionId, message }, (error) => {
      if (error !== null) this.#asked.delete(id);
    });
  }

  #onAnswer(text: string): void {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== "object" || answer === null || !("id" in answer) || typeof answer.id !== "number") return;
    const then = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    then?.(valueOf(answer));
  }
}

/** The string value of an evaluate's answer, or its error as a text. */
function valueOf(answer: object): string {
  const result = "result" in answer ? answer.result : undefined;
  if (typeof result === "object" && result !== null && "result" in result) {
    const inner = result.result;
    if (typeof inner === "object" && inner !== null && "value" in inner) return String(inner.value);
    if (typeof inner === "object" && inner !== null && "type" in inner) return String(inner.type);
  }
  return "error" in answer ? `error ${JSON.stringify(answer.error)}` : JSON.stringify(answer);
}

if (parentPort === null) throw new Error("the watchdog is a worker thread");
const port = parentPort;
const watchdog = new SpikeWatchdog((message) => port.postMessage(message));
port.on("message", (message: ToWatchdog) => watchdog.onMessage(message));
