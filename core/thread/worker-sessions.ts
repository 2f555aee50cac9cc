/**
 * The watchdog's way to the worker threads of the process: an inspector session to main, where each worker announces itself.
 *
 * A `Runtime.evaluate` sent through it, with no domain enabled, runs as an interrupt in the worker. Node aborts the process,
 * without a word, if main passes something on to a thread in the instant in which that thread takes down its inspector. So
 * nothing is sent to a thread that ends, nor may a thread with sessions of its own end, before main has passed on everything:
 * `passedOn` tells.
 */
import { Session } from "node:inspector";
import { threadId } from "node:worker_threads";
import { errorData } from "../errors.ts";

interface Question {
  readonly sessionId: string;
  readonly answered: (value: string) => void;
}

export class WorkerSessions {
  readonly #session = new Session();
  /** Inspector sessions by `Worker.threadId`. */
  readonly #sessions = new Map<number, string>();
  readonly #asked = new Map<number, Question>();
  #nextQuestion = 1;
  #isConnected = false;

  /** Why there is no way to the workers; undefined: there is. @param attached called with the `Worker.threadId` of each. */
  connect(attached: (workerId: number) => void): string | undefined {
    const session = this.#session;
    try {
      session.connectToMainThread();
    } catch (error) {
      return errorData(error).message;
    }
    this.#isConnected = true;
    session.on("NodeWorker.attachedToWorker", ({ params }) => {
      const { title } = params.workerInfo;
      const workerId = Number(/^\[worker (\d+)\]/.exec(title)?.[1]);
      if (workerId === threadId) return;
      this.#sessions.set(workerId, params.sessionId);
      attached(workerId);
    });
    session.on("NodeWorker.detachedFromWorker", ({ params }) => this.#detached(params.sessionId));
    session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => this.#answered(params.message));
    session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
    return undefined;
  }

  /** Evaluates in a worker; undefined: there is no way to it. */
  evaluate(workerId: number, expression: string): Promise<string> | undefined {
    const sessionId = this.#sessions.get(workerId);
    if (sessionId === undefined || !this.#isConnected) return undefined;
    const id = this.#nextQuestion++;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#asked.set(id, { sessionId, answered: resolve });
    const message = JSON.stringify({ id, method: "Runtime.evaluate", params: { expression, returnByValue: true } });
    this.#session.post("NodeWorker.sendMessageToWorker", { sessionId, message }, (error) => {
      if (error === null) return;
      this.#asked.delete(id);
      resolve("no way");
    });
    return promise;
  }

  /** Resolves when main has passed on all that was sent so far: what it answers comes in order. */
  async passedOn(): Promise<void> {
    if (!this.#isConnected) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#session.post("Schema.getDomains", () => resolve());
    await promise;
  }

  /** Main takes this up a moment later, and then still has something for this thread. Idempotent. */
  disconnect(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#session.disconnect();
  }

  #answered(message: string): void {
    const { id, result } = JSON.parse(message) as { id?: number; result?: { result?: { value?: unknown } } };
    if (id === undefined) return;
    const question = this.#asked.get(id);
    this.#asked.delete(id);
    const value = result?.result?.value;
    question?.answered(typeof value === "string" ? value : "no answer");
  }

  #detached(sessionId: string): void {
    for (const [workerId, id] of this.#sessions) if (id === sessionId) this.#sessions.delete(workerId);
    for (const [id, question] of this.#asked) {
      if (question.sessionId !== sessionId) continue;
      this.#asked.delete(id);
      question.answered("no answer");
    }
  }
}
