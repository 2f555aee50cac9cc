/**
 * Keeps what a system's event stream told, in order, so that a test can compare a list with what happened.
 *
 * The stream is the one that logs, metrics and the dashboard read as well: there is no second one for tests.
 */
import type { TestedEvent, TestedSystem } from "./tested-system.ts";

/** Events kept; the recorder throws rather than forget one. */
const eventsMax = 1_000_000;

export class EventRecorder<E extends TestedEvent = TestedEvent> implements Disposable {
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #stop: () => void;
  #events: E[] = [];

  /** Records from now on; `types` narrows it to those types of event. */
  constructor(system: Pick<TestedSystem, "events">, types?: readonly string[]) {
    this.#wanted = types === undefined ? undefined : new Set(types);
    // The stream's own listener type is wider than E only in what E leaves out.
    this.#stop = system.events.on("*", (event) => this.#record(event as E));
  }

  /** What was recorded so far, oldest first. */
  get events(): readonly E[] {
    return this.#events;
  }

  /** Events of one type, oldest first. */
  of(type: string): readonly E[] {
    return this.#events.filter((event) => event.type === type);
  }

  /** Forgets what was recorded so far. */
  clear(): void {
    this.#events = [];
  }

  /** Ends the recording; what was recorded stays. */
  stop(): void {
    this.#stop();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #record(event: E): void {
    if (this.#wanted !== undefined && !this.#wanted.has(event.type)) return;
    if (this.#events.length >= eventsMax) throw new Error(`more than ${eventsMax} events recorded: clear the recorder`);
    this.#events.push(event);
  }
}
