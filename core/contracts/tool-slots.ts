/** Room for calls of tools: so many at a time, of the plugin and of each tool, and the others in their order behind them. */
import { RuntimeError } from "../errors.ts";

interface Waiting {
  readonly tool: string;
  readonly most: number;
  go(): void;
  fail(error: RuntimeError): void;
}

interface Running {
  count: number;
  /** Of those, calls that have failed and whose tool goes on all the same. */
  stuck: number;
}

/** @param stuck what the call has left behind: until that ends it has its tool's room, and no longer the plugin's */
export type GiveRoom = (stuck?: Promise<unknown>) => void;

export class ToolSlots {
  readonly #name: string;
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #running = new Map<string, Running>();
  #all = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(
    name: string,
    { maxConcurrent, maxWaiting }: { readonly maxConcurrent: number; readonly maxWaiting: number },
  ) {
    this.#name = name;
    this.#most = maxConcurrent;
    this.#mostWaiting = maxWaiting;
  }

  /** Tools whose calls have not ended when they were told to, and how many. */
  get stuck(): readonly (readonly [tool: string, calls: number])[] {
    return Array.from(this.#running, ([tool, { stuck }]) => [tool, stuck] as const).filter(([, stuck]) => stuck > 0);
  }

  /**
   * @param most of this tool at a time
   * @returns gives the room back, once
   * @throws RuntimeError `queue_full`; the signal's reason, by rejection.
   */
  async take(tool: string, most: number, signal: AbortSignal): Promise<GiveRoom> {
    signal.throwIfAborted();
    const present = this.#of(tool);
    if (present.stuck >= most) throw this.#allStuck(tool, most);
    if (this.#hasRoom(present, most)) this.#enter(present);
    else await this.#wait(tool, most, signal);
    // While it waited the others may all have left.
    const running = this.#of(tool);
    return (stuck) => {
      this.#all--;
      if (stuck === undefined) this.#leave(tool, running);
      else {
        running.stuck++;
        if (running.stuck >= most) this.#giveUp(tool, most);
        const end = () => {
          running.stuck--;
          this.#leave(tool, running);
          this.#next();
        };
        // However it ends: its caller has long been told.
        stuck.then(end, end);
      }
      this.#next();
    };
  }

  /** A plugin's tools may come and go. */
  #leave(tool: string, running: Running): void {
    running.count--;
    if (running.count === 0) this.#running.delete(tool);
  }

  #of(tool: string): Running {
    let running = this.#running.get(tool);
    if (running === undefined) {
      running = { count: 0, stuck: 0 };
      this.#running.set(tool, running);
    }
    return running;
  }

  async #wait(tool: string, most: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#mostWaiting)
      throw new RuntimeError(
        "queue_full",
        `${this.#name}: ${tool} has no room, and ${this.#mostWaiting} calls wait already (maxWaiting): ask again later`,
      );
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { tool, most, go: resolve, fail: reject };
    this.#waiting.add(waiting);
    // One that has its room already goes on, and sees by itself that it is to end.
    const leave = () => this.#waiting.delete(waiting) && reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  #hasRoom({ count }: Running, most: number): boolean {
    return this.#all < this.#most && count < most;
  }

  #enter(running: Running): void {
    this.#all++;
    running.count++;
  }

  /** One whose tool has no room lets those behind it pass. */
  #next(): void {
    for (const waiting of this.#waiting) {
      if (this.#all >= this.#most) return;
      const running = this.#of(waiting.tool);
      if (!this.#hasRoom(running, waiting.most)) continue;
      this.#waiting.delete(waiting);
      this.#enter(running);
      waiting.go();
    }
  }

  #giveUp(tool: string, most: number): void {
    for (const waiting of this.#waiting) {
      if (waiting.tool !== tool) continue;
      this.#waiting.delete(waiting);
      waiting.fail(this.#allStuck(tool, most));
    }
  }

  #allStuck(tool: string, most: number): RuntimeError {
    return new RuntimeError(
      "queue_full",
      `${this.#name}: ${most} calls of ${tool}, all that it may have, have not ended when they were told to: start the plugin again`,
    );
  }
}
