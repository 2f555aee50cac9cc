/**
 * The watchdog's way to the worker threads of the process: inspector sessions through main, made when there is something to
 * ask and taken down a moment later.
 *
 * A `Runtime.evaluate` sent through one, with no domain enabled, runs as an interrupt in the worker. Two things about Node
 * (26.10, 24.21) decide how it is done:
 * - While a thread has a session, its console is slower and keeps what it was given. So there is none without need.
 * - The process aborts, without a word, if main passes something on to a thread in the instant in which that takes down its
 *   inspector. So nothing is sent to a thread that ends, and one that is to end waits until main has passed on everything.
 */
import { Session } from "node:inspector";
import { threadId } from "node:worker_threads";
import { afterMs, stopwatchMs } from "../clock.ts";
import { Hold } from "./watchdog-protocol.ts";
import { noAnswer } from "./watched-thread.ts";

/** Sessions are taken down when nothing was asked for so long. */
const restMs = 2_000;
/** So long a thread that ends may hold up new sessions. It takes a few milliseconds, unless native code holds it. */
const endingMs = 500;

interface Question {
  readonly sessionId: string;
  readonly answered: (value: string) => void;
}

export class WorkerSessions {
  readonly #hold: Int32Array;
  readonly #isWatched: (workerId: number) => boolean;
  #session: Session | undefined;
  #attaching: Promise<void> | undefined;
  /** Sessions of watched threads, by `Worker.threadId`. */
  readonly #sessions = new Map<number, string>();
  /** Threads that end, and since when. */
  readonly #ending = new Map<number, number>();
  readonly #asked = new Map<number, Question>();
  #nextQuestion = 1;
  #usedMs = 0;
  #isOver = false;

  /** @param hold see `Hold`. @param isWatched whether that thread may be asked. */
  constructor(hold: Int32Array, isWatched: (workerId: number) => boolean) {
    this.#hold = hold;
    this.#isWatched = isWatched;
  }

  /** Whether a question would be there at once. */
  has(workerId: number): boolean {
    return this.#sessions.has(workerId);
  }

  /** Evaluates in a worker; undefined: there is no way to it. */
  async evaluate(workerId: number, expression: string): Promise<string | undefined> {
    while (this.#attaching !== undefined) await this.#attaching;
    if (!this.#sessions.has(workerId)) {
      this.#attaching = this.#attach();
      await this.#attaching;
      this.#attaching = undefined;
    }
    const session = this.#session;
    const sessionId = this.#sessions.get(workerId);
    if (session === undefined || sessionId === undefined || !this.#isWatched(workerId)) return undefined;
    this.#usedMs = stopwatchMs();
    const id = this.#nextQuestion++;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#asked.set(id, { sessionId, answered: resolve });
    const message = JSON.stringify({ id, method: "Runtime.evaluate", params: { expression, returnByValue: true } });
    session.post("NodeWorker.sendMessageToWorker", { sessionId, message });
    return await promise;
  }

  /** A thread is about to end. Resolves when nothing more comes to it. */
  async leave(workerId: number): Promise<void> {
    this.#ending.set(workerId, stopwatchMs());
    if (this.#session === undefined) return;
    this.detach(workerId);
    await this.#passedOn();
    // A session that was just being made was taken down at once.
    await this.#passedOn();
  }

  /** It has ended. */
  ended(workerId: number): void {
    this.#ending.delete(workerId);
  }

  detach(workerId: number): void {
    const sessionId = this.#sessions.get(workerId);
    if (sessionId === undefined) return;
    this.#forget(sessionId);
    // What its console was given meanwhile would stay for ever.
    const message = JSON.stringify({ id: 0, method: "Runtime.discardConsoleEntries" });
    this.#session?.post("NodeWorker.sendMessageToWorker", { sessionId, message });
    this.#session?.post("NodeWorker.detach", { sessionId });
  }

  /** Takes the sessions down if nothing was asked for a while. */
  rest(): void {
    const isNeeded = this.#attaching !== undefined || this.#asked.size > 0;
    if (!isNeeded && stopwatchMs() - this.#usedMs > restMs) this.#disconnect();
  }

  /** For ever. Main takes this up a moment later, and then still has something for this thread. */
  close(): void {
    this.#isOver = true;
    this.#disconnect();
  }

  /** Sessions for the watched threads that have none. */
  async #attach(): Promise<void> {
    await this.#allEnded();
    const session = this.#session ?? this.#connect();
    if (session === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, () => resolve());
    // It names all workers there are, and with this no later one: those would be touched without need.
    session.post("NodeWorker.disable");
    await promise;
  }

  #connect(): Session | undefined {
    if (this.#isOver || Atomics.compareExchange(this.#hold, 0, Hold.none, Hold.held) !== Hold.none) return undefined;
    const session = new Session();
    session.connectToMainThread();
    session.on("NodeWorker.attachedToWorker", ({ params }) => {
      if (this.#session !== session) return;
      const { sessionId, workerInfo } = params;
      const workerId = Number(/^\[worker (\d+)\]/.exec(workerInfo.title)?.[1]);
      if (workerId === threadId || this.#sessions.has(workerId) || !this.#isWatched(workerId))
        session.post("NodeWorker.detach", { sessionId });
      else this.#sessions.set(workerId, sessionId);
    });
    session.on("NodeWorker.detachedFromWorker", ({ params }) => this.#forget(params.sessionId));
    session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => this.#answered(params.message));
    this.#usedMs = stopwatchMs();
    this.#session = session;
    return session;
  }

  #disconnect(): void {
    const session = this.#session;
    if (session === undefined) return;
    session.post("Runtime.discardConsoleEntries");
    // Main would keep those of living threads.
    for (const workerId of [...this.#sessions.keys()]) this.detach(workerId);
    this.#session = undefined;
    session.disconnect();
    if (Atomics.compareExchange(this.#hold, 0, Hold.held, Hold.none) === Hold.held) Atomics.notify(this.#hold, 0);
  }

  /** Resolves when main has passed on all that was sent so far: what it answers comes in order. */
  async #passedOn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#session?.post("Schema.getDomains", () => resolve());
    if (this.#session === undefined) resolve();
    await promise;
  }

  async #allEnded(): Promise<void> {
    const sinceMs = () => stopwatchMs() - endingMs;
    while ([...this.#ending.values()].some((ms) => ms > sinceMs())) await new Promise<void>((go) => afterMs(1, go));
  }

  #answered(message: string): void {
    const { id, result } = JSON.parse(message) as { id?: number; result?: { result?: { value?: unknown } } };
    if (id === undefined) return;
    const question = this.#asked.get(id);
    this.#asked.delete(id);
    const value = result?.result?.value;
    question?.answered(typeof value === "string" ? value : noAnswer);
  }

  #forget(sessionId: string): void {
    for (const [workerId, id] of this.#sessions) if (id === sessionId) this.#sessions.delete(workerId);
    for (const [id, question] of this.#asked) {
      if (question.sessionId !== sessionId) continue;
      this.#asked.delete(id);
      question.answered(noAnswer);
    }
  }
}
