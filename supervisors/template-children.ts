/**
 * The children of a `simple_one_for_one` supervisor: up to millions of one template.
 *
 * A child that shares the template's argument, or is never restarted, costs one Map entry and its ref: start arguments of
 * temporary children are not stored (OTP, dyn_store/3). Others cost a small record each.
 */
import { type Ref, type RefData, RefTable, refKey } from "../core/index.ts";
import type { BackoffRow } from "./backoff.ts";
import type { RetryMessage } from "./children.ts";

/** A child about which more is to be kept than its ref. */
export class TemplateChild {
  /** Its actor, or the last one while it is restarting. */
  readonly ref: Ref;
  /** What `startChild` was given; undefined: nothing. */
  readonly extra: unknown;
  /** The attempt that is due; undefined: it is running. */
  readonly retry: RetryMessage | undefined;
  readonly row: BackoffRow | undefined;

  constructor(ref: Ref, extra: unknown, row?: BackoffRow, retry?: RetryMessage) {
    this.ref = ref;
    this.extra = extra;
    this.row = row;
    this.retry = retry;
  }

  /** What it is found by. */
  get key(): string {
    return refKey(this.ref);
  }
}

export class TemplateChildren {
  /** Those that run. */
  readonly #running = new RefTable<Ref | TemplateChild>(refOf);
  /** The others, by the key of the last ref of each. */
  readonly #restarting = new Map<string, TemplateChild>();

  /** All children, restarting ones included. */
  get size(): number {
    return this.#running.size + this.#restarting.size;
  }

  get restarting(): number {
    return this.#restarting.size;
  }

  /** One that is restarting, by the key of its last ref. */
  restartingAs(key: string): TemplateChild | undefined {
    return this.#restarting.get(key);
  }

  byRef(ref: RefData): TemplateChild | undefined {
    const found = this.#running.get(ref);
    if (found instanceof TemplateChild) return found;
    return found === undefined ? this.#restartingOf(ref) : new TemplateChild(found, undefined);
  }

  has(ref: RefData): boolean {
    return this.#running.has(ref) || this.#restartingOf(ref) !== undefined;
  }

  /** A child that runs. Without `extra` and `row` it is kept as its ref alone. */
  add(ref: Ref, extra: unknown, row: BackoffRow | undefined): void {
    const isPlain = extra === undefined && row === undefined;
    this.#running.set(ref, isPlain ? ref : new TemplateChild(ref, extra, row));
  }

  /** The child has no actor and waits for this attempt; it is found under its last ref. */
  setRestarting(child: TemplateChild, retry: RetryMessage): void {
    this.remove(child.ref);
    this.#restarting.set(child.key, new TemplateChild(child.ref, child.extra, child.row, retry));
  }

  remove(ref: RefData): void {
    if (this.#running.delete(ref) === undefined && this.#restarting.size > 0) this.#restarting.delete(refKey(ref));
  }

  /** Refs of those that run, oldest first. */
  *running(): Generator<Ref> {
    for (const child of this.#running.values()) yield refOf(child);
  }

  /** One entry a child: those that run, oldest first, then those that are restarting. */
  *entries(): Generator<Ref | "restarting"> {
    yield* this.running();
    for (const _ of this.#restarting.keys()) yield "restarting";
  }

  #restartingOf(ref: RefData): TemplateChild | undefined {
    return this.#restarting.size === 0 ? undefined : this.#restarting.get(refKey(ref));
  }
}

function refOf(child: Ref | TemplateChild): Ref {
  return child instanceof TemplateChild ? child.ref : child;
}
