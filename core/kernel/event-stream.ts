/**
 * The event stream's end on main: who listens, and the last crash reports. Every listener gets the events in one order; one
 * that throws keeps nobody else from them.
 */
import type { Target } from "../actor/context.ts";
import { type RefData, sameRef } from "../actor/ref.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import {
  alwaysBits,
  type CrashReport,
  type EventListener,
  type EventType,
  eventBit,
  eventTypes,
  type RuntimeEvent,
} from "./events.ts";
import { isRefData } from "./verb-arguments.ts";

export interface EventOptions {
  /**
   * Of one actor alone: by a ref, the events whose `ref`, `supervisor` or `to` it is; by a name, those whose `name` it is,
   * whoever has it.
   */
  readonly of?: Target;
}

/** Crash reports kept for `system.crashes()`. */
export const crashesMax = 100;

interface Listener {
  readonly call: (event: RuntimeEvent) => void;
  readonly of: Target | undefined;
}

export class EventStream {
  readonly #listeners = new Map<EventType, Set<Listener>>();
  readonly #crashes: CrashReport[] = [];
  readonly #interestChanged: (bits: number) => void;
  /** Events that came while another was being told. */
  readonly #waiting: RuntimeEvent[] = [];
  #isTelling = false;

  /** @param interestChanged gets the bits of all types that somebody listens to. */
  constructor(interestChanged: (bits: number) => void) {
    this.#interestChanged = interestChanged;
    interestChanged(alwaysBits);
  }

  /**
   * Listens to events of one type or of several, or to all with `"*"`, from now on; with `of` to those of one actor. Returns the
   * function that ends it: after that the listener is not called any more. It is called on main, between turns of main's
   * actors, so a slow one holds main up. One that throws is told as `unattributedError`; nobody waits for what it returns.
   * @throws RuntimeError `bad_argument`.
   */
  on<T extends EventType>(type: T | readonly T[], listener: EventListener<T>, options?: EventOptions): () => void;
  on(type: "*", listener: (event: RuntimeEvent) => void, options?: EventOptions): () => void;
  on(
    type: EventType | readonly EventType[] | "*",
    listener: (event: never) => void,
    options: EventOptions = {},
  ): () => void {
    const types = typesOf(type);
    if (typeof listener !== "function")
      throw new RuntimeError("bad_argument", `events.on wants a function as listener, got ${describe(listener)}`);
    // The cast is sound: a listener is only ever called with events of the types it stands under.
    const one: Listener = { call: listener as (event: RuntimeEvent) => void, of: checkedOf(options) };
    for (const each of types) {
      const listeners = this.#listeners.get(each);
      if (listeners === undefined) this.#listeners.set(each, new Set([one]));
      else listeners.add(one);
    }
    this.#publishInterest();
    return () => {
      for (const each of types) this.#listeners.get(each)?.delete(one);
      this.#publishInterest();
    };
  }

  emit(event: RuntimeEvent): void {
    if (event.type === "crashed") {
      this.#crashes.push(event);
      if (this.#crashes.length > crashesMax) this.#crashes.shift();
    }
    this.#waiting.push(event);
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#tell(next);
    this.#isTelling = false;
  }

  #tell(event: RuntimeEvent): void {
    const listeners = this.#listeners.get(event.type);
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      // Another one may have ended it meanwhile.
      if (!listeners.has(listener) || (listener.of !== undefined && !isOf(event, listener.of))) continue;
      try {
        listener.call(event);
      } catch (error) {
        // A bad listener must not stop a kernel. Its own failure is told once, and not to itself for ever.
        if (event.type !== "unattributedError")
          this.emit({ type: "unattributedError", thread: 0, error: errorData(error) });
      }
    }
  }

  /** The last crash reports, oldest first, at most 100. */
  crashes(): readonly CrashReport[] {
    return [...this.#crashes];
  }

  #publishInterest(): void {
    let bits = alwaysBits;
    for (const [type, listeners] of this.#listeners) if (listeners.size > 0) bits |= eventBit(type);
    this.#interestChanged(bits);
  }
}

function typesOf(type: unknown): readonly EventType[] {
  if (type === "*") return eventTypes;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  const isKnown = (one: unknown): one is EventType => (eventTypes as readonly unknown[]).includes(one);
  if (types.length > 0 && types.every(isKnown)) return types;
  throw new RuntimeError(
    "bad_argument",
    `events.on wants "*", a type of event (${eventTypes.join(", ")}) or a list of them, got ${describe(type)}`,
  );
}

function checkedOf(options: unknown): Target | undefined {
  assertKeys("events.on", options, ["of"]);
  const { of } = options as { readonly of?: unknown };
  if (of === undefined || (typeof of === "string" && of !== "") || isRefData(of)) return of as Target | undefined; // as just looked at
  throw new RuntimeError("bad_argument", `events.on: of is an actor's ref or name, got ${describe(of)}`);
}

function isOf(event: RuntimeEvent, of: Target): boolean {
  if (typeof of === "string") return "name" in event && event.name === of;
  const isIt = (ref: RefData | undefined) => ref !== undefined && sameRef(ref, of);
  if ("ref" in event) return isIt(event.ref);
  if ("supervisor" in event) return isIt(event.supervisor);
  return "to" in event && isIt(event.to);
}
