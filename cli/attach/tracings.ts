/** Which actors are traced for those that are attached: one is traced for as long as somebody wants it. */
import { type MofaSystem, type RefData, type RuntimeEvent, refKey, type Target } from "../../index.ts";
import { noActor } from "./actor-text.ts";

/** What a tracing tells: the messages, and the end. */
export type TracingEvent = Extract<RuntimeEvent, { type: "trace" | "exited" }>;

export class Tracings {
  readonly #system: MofaSystem;
  /** By ref: how many want it. */
  readonly #wanted = new Map<string, number>();

  constructor(system: MofaSystem) {
    this.#system = system;
  }

  /** Resolves when it has begun, with the function that ends it. @throws RuntimeError `noproc`. */
  async begin(target: Target, tell: (event: TracingEvent) => void): Promise<() => void> {
    const system = this.#system;
    const ref = typeof target === "string" ? system.whereis(target) : target;
    if (ref === undefined || !system.isAlive(ref)) throw noActor(typeof target === "string" ? target : refKey(target));
    const key = refKey(ref);
    const hear = (event: TracingEvent) => {
      if (refKey(event.ref) === key) tell(event);
    };
    const stops = [system.events.on("trace", hear), system.events.on("exited", hear)];
    const end = () => {
      for (const stop of stops.splice(0)) stop();
      this.#release(ref);
    };
    this.#wanted.set(key, (this.#wanted.get(key) ?? 0) + 1);
    try {
      await system.trace(ref, true);
      return end;
    } catch (error) {
      end();
      throw error;
    }
  }

  #release(ref: RefData): void {
    const key = refKey(ref);
    const left = (this.#wanted.get(key) ?? 0) - 1;
    if (left > 0) this.#wanted.set(key, left);
    else {
      this.#wanted.delete(key);
      // It may have ended, or the system may: then nothing is traced any more.
      if (this.#system.isAlive(ref)) this.#system.trace(ref, false).catch(() => {});
    }
  }
}
