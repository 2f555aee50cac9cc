/**
 * The children of a `simple_one_for_one` supervisor: up to millions of one template.
 *
 * A child that shares the template's argument, or is never restarted, costs one Map entry, its key and its ref: start
 * arguments of temporary children are not stored (OTP, dyn_store/3). Others cost a small record each.
 */
import { type Ref, type RefData, refKey } from "../core/index.ts";
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
  readonly #byKey = new Map<string, Ref | TemplateChild>();
  #restarting = 0;

  /** All children, restarting ones included. */
  get size(): number {
    return this.#byKey.size;
  }

  get restarting(): number {
    return this.#restarting;
  }

  get(key: string): TemplateChild | undefined {
    const found = this.#byKey.get(key);
    return found === undefined || found instanceof TemplateChild ? found : new TemplateChild(found, undefined);
  }

  byRef(ref: RefData): TemplateChild | undefined {
    return this.get(refKey(ref));
  }

  has(ref: RefData): boolean {
    return this.#byKey.has(refKey(ref));
  }

  /** A child that runs. Without `extra` and `row` it is kept as its ref alone. */
  add(ref: Ref, extra: unknown, row: BackoffRow | undefined): void {
    const isPlain = extra === undefined && row === undefined;
    this.#byKey.set(refKey(ref), isPlain ? ref : new TemplateChild(ref, extra, row));
  }

  /** The child has no actor and waits for this attempt; it is found under its last ref. */
  setRestarting(child: TemplateChild, retry: RetryMessage): void {
    this.remove(child.ref);
    this.#restarting++;
    this.#byKey.set(refKey(child.ref), new TemplateChild(child.ref, child.extra, child.row, retry));
  }

  remove(ref: RefData): void {
    const key = refKey(ref);
    const found = this.#byKey.get(key);
    if (found instanceof TemplateChild && found.retry !== undefined) this.#restarting--;
    this.#byKey.delete(key);
  }

  /** Refs of those that run, oldest first. */
  *running(): Generator<Ref> {
    for (const child of this.#byKey.values()) {
      if (!(child instanceof TemplateChild)) yield child;
      else if (child.retry === undefined) yield child.ref;
    }
  }

  /** One entry a child, oldest first. */
  *entries(): Generator<Ref | "restarting"> {
    for (const child of this.#byKey.values()) {
      if (!(child instanceof TemplateChild)) yield child;
      else yield child.retry === undefined ? child.ref : "restarting";
    }
  }
}
