/**
 * An actor that a test holds in its hand: it keeps what it gets until the test asks for it, and runs the test's own
 * code in its turns, so that a test can link, monitor, call and trap exits as an actor does.
 *
 * A probe lives on main, where the test runs. Waiting never means time: `next` settles the system and then looks.
 */
import { type Context, type DownMessage, defineActor, type ExitReason, type Ref, type RefData } from "../core/index.ts";
import type { TestedSystem } from "./tested-system.ts";

/** Messages a probe keeps unread; like any mailbox it has a bound. */
const unreadMax = 1_048_576;

type Work = (ctx: Context) => unknown;

/** What the actor and the test share. Only numbers go through the mailbox: code cannot. */
interface Inbox {
  readonly unread: unknown[];
  readonly work: Map<number, { readonly run: Work; done(result: unknown): void; failed(error: unknown): void }>;
}

interface RunMessage {
  readonly type: "probe:run";
  readonly work: number;
}

const inboxes = new Map<number, Inbox>();
let lastProbe = 0;
let lastWork = 0;

/** The behaviour of every probe. Its argument is the number of its inbox. */
export const probeBehaviour = defineActor({
  name: "probe",
  module: import.meta.url,
  init(probe: number): Inbox {
    const inbox = inboxes.get(probe);
    if (inbox === undefined) throw new Error(`probe ${probe} has no inbox here: probes live on main`);
    return inbox;
  },
  receive(inbox, message: unknown, ctx) {
    if (!isRun(message)) {
      if (inbox.unread.length >= unreadMax) throw new Error(`a probe keeps at most ${unreadMax} unread messages`);
      inbox.unread.push(message);
      return undefined;
    }
    const work = inbox.work.get(message.work);
    inbox.work.delete(message.work);
    if (work === undefined) throw new Error(`probe has no work ${message.work}`);
    return runWork(work, ctx);
  },
});

/** One monitor of a probe. */
export interface Watch {
  readonly id: number;
  /** Why the actor ended. @throws Error when the system has settled and it has not. */
  reason(): Promise<ExitReason>;
  /** Whether it has ended, once the system has settled. */
  isDown(): Promise<boolean>;
}

export class Probe implements AsyncDisposable {
  readonly ref: Ref;
  readonly #system: TestedSystem;
  readonly #id: number;
  readonly #inbox: Inbox;

  private constructor(system: TestedSystem, ref: Ref, id: number, inbox: Inbox) {
    this.#system = system;
    this.ref = ref;
    this.#id = id;
    this.#inbox = inbox;
  }

  /** Starts a probe on main. `trapExit` (default true): exit signals become messages. */
  static async start(system: TestedSystem, options: { readonly name?: string; readonly trapExit?: boolean } = {}) {
    const id = ++lastProbe;
    const inbox: Inbox = { unread: [], work: new Map() };
    inboxes.set(id, inbox);
    const ref = await system.spawn(probeBehaviour, id, {
      placement: { thread: 0 },
      ...(options.name !== undefined && { name: options.name }),
    });
    const probe = new Probe(system, ref as Ref, id, inbox);
    if (options.trapExit ?? true) await probe.run((ctx) => ctx.trapExit(true));
    return probe;
  }

  /**
   * The oldest unread message; takes it out.
   * @throws Error when the system has settled and there is none.
   */
  async next(): Promise<unknown> {
    if (this.#inbox.unread.length === 0) await this.#system.settled();
    if (this.#inbox.unread.length === 0) throw new Error("the system has settled and the probe got no message");
    return this.#inbox.unread.shift();
  }

  /** All unread messages once the system has settled; takes them out. */
  async all(): Promise<unknown[]> {
    await this.#system.settled();
    return this.#inbox.unread.splice(0);
  }

  /** The oldest unread message that fits, once the system has settled; takes it out. */
  async take(fits: (message: unknown) => boolean): Promise<unknown> {
    await this.#system.settled();
    const at = this.#inbox.unread.findIndex(fits);
    return at < 0 ? undefined : this.#inbox.unread.splice(at, 1)[0];
  }

  /** Runs code as a turn of the probe, and resolves to what it returned. What it throws is thrown here; the probe lives on. */
  run<T>(work: (ctx: Context) => T): Promise<Awaited<T>> {
    const id = ++lastWork;
    return new Promise((resolve, reject) => {
      this.#inbox.work.set(id, { run: work, done: (result) => resolve(result as Awaited<T>), failed: reject });
      const message: RunMessage = { type: "probe:run", work: id };
      void this.ref.send(message);
    });
  }

  /** Starts a monitor, whose down is asked for by `reason` and is not among the other messages. */
  async watch(target: RefData | string): Promise<Watch> {
    const { id } = await this.run((ctx) => ctx.monitor(target));
    const take = async (): Promise<ExitReason | undefined> => {
      const down = await this.take((message) => (message as { monitor?: unknown } | null)?.monitor === id);
      return (down as DownMessage | undefined)?.reason;
    };
    return {
      id,
      reason: async () => {
        const reason = await take();
        if (reason === undefined) throw new Error("the system has settled and the actor is not down");
        return reason;
      },
      isDown: async () => (await take()) !== undefined,
    };
  }

  /** Ends the probe, and forgets its inbox. */
  async stop(): Promise<void> {
    this.#system.exit(this.ref, "kill");
    await this.#system.settled();
    inboxes.delete(this.#id);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function isRun(message: unknown): message is RunMessage {
  return typeof message === "object" && message !== null && (message as { type?: unknown }).type === "probe:run";
}

function runWork(work: { run: Work; done(result: unknown): void; failed(error: unknown): void }, ctx: Context) {
  try {
    const result = work.run(ctx);
    if (!isThenable(result)) {
      work.done(result);
      return undefined;
    }
    return Promise.resolve(result).then(work.done, work.failed);
  } catch (error) {
    work.failed(error);
    return undefined;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
