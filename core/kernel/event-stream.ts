/**
 * The event stream's end on main: who listens, and the last crash reports. Every listener gets the events in one order; one
 * that throws keeps nobody else from them.
 */
import type { Target } from "../actor/context.ts";
import { type RefData, sameRef } from "../actor/ref.ts";
import { Fifo } from "../bus/fifo.ts";
import { nextLoop } from "../clock.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { eventsMax, isReport, reportsMax } from "./event-outlet.ts";
import {
  alwaysBits,
  type CrashReport,
  crashesHeardBit,
  type EventListener,
  type EventType,
  eventBit,
  eventTypes,
  openEventTypes,
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
/** Events that are told in one go, of which all but the first were caused by listeners: then main has other things to do. */
const toldAtOnceMax = 1_024;
/** Main's own, of which none is dropped. */
const undroppable: readonly EventType[] = ["threadStarted", "threadLost", "systemEnding"];

interface Listener {
  readonly call: (event: RuntimeEvent) => void;
  readonly of: Target | undefined;
}

export class EventStream {
  readonly #listeners = new Map<EventType, Set<Listener>>();
  readonly #crashes: CrashReport[] = [];
  readonly #interestChanged: (bits: number) => void;
  readonly #counted: () => void;
  /** Events that came while another was being told. */
  readonly #waiting = new Fifo<RuntimeEvent>();
  #isTelling = false;
  /** By kind, since it was last told. */
  #dropped: Partial<Record<EventType, number>> = {};
  #droppedCount = 0;

  /**
   * @param interestChanged gets the bits of all types that somebody listens to.
   * @param dropped called for each event that is one too many.
   */
  constructor(interestChanged: (bits: number) => void, dropped: () => void = () => undefined) {
    this.#interestChanged = interestChanged;
    this.#counted = dropped;
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
    const { type } = event;
    if (this.#waiting.size >= (isReport(type) ? reportsMax : eventsMax) && !undroppable.includes(type)) {
      this.#dropped[type] = (this.#dropped[type] ?? 0) + 1;
      this.#droppedCount++;
      this.#counted();
      return;
    }
    this.#waiting.push(event);
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#tellWaiting();
  }

  /** Also what listeners cause by that. Where it has no end, such as a dead letter sent for each dead letter, main still goes on. */
  #tellWaiting(): void {
    for (let told = 0; this.#waiting.size > 0; told++) {
      if (told === toldAtOnceMax) {
        nextLoop(() => this.#tellWaiting());
        return;
      }
      this.#tell(this.#waiting.shift() as RuntimeEvent);
      if (this.#droppedCount > 0 && this.#waiting.size <= eventsMax / 2) this.#tellDropped();
    }
    this.#isTelling = false;
  }

  #tellDropped(): void {
    const [count, kinds] = [this.#droppedCount, this.#dropped];
    this.#droppedCount = 0;
    this.#dropped = {};
    this.#waiting.push({ type: "eventsDropped", thread: 0, count, kinds });
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
    if ((this.#listeners.get("crashed")?.size ?? 0) > 0) bits |= crashesHeardBit;
    this.#interestChanged(bits);
  }
}

function typesOf(type: unknown): readonly EventType[] {
  if (type === "*") return openEventTypes;
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
  return (
    ("ref" in event && isIt(event.ref)) ||
    ("supervisor" in event && isIt(event.supervisor)) ||
    ("to" in event && isIt(event.to))
  );
}
