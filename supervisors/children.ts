/**
 * The children of a supervisor that lists them: in start order, found by id and by ref.
 *
 * A JavaScript Map keeps insertion order through every change of its values, which is all that OTP's ordered list of
 * ids is needed for. Finding, adding and removing take the same time however many children there are.
 */
import { type Ref, type RefData, RefTable } from "../core/index.ts";
import type { BackoffRow } from "./backoff.ts";
import type { ChildId, FullChildSpec } from "./child-spec.ts";
import type { OutsideCause } from "./restart-window.ts";

/** A message to itself: try the restart of this child again. Compared by identity, so that an old or a foreign one does nothing. */
export interface RetryMessage {
  readonly type: "try_again_restart" | "timer";
  readonly timer?: "backoff";
  /** The child's id; the key of its last ref under a template. */
  readonly child: ChildId;
  /** What made the last attempt fail, where that is not the child's own doing. */
  readonly cause?: OutsideCause;
}

export class Child {
  spec: FullChildSpec;
  /** Its actor; undefined when it has none. */
  ref: Ref | undefined = undefined;
  /** Its last actor before that. */
  former: Ref | undefined = undefined;
  /** It has failed, and its restart has failed or waits. */
  isRestarting = false;
  /** The attempt that is due. Only while it is restarting. */
  retry: RetryMessage | undefined = undefined;
  /** The row of its restarts. Only for a child with a backoff. */
  row: BackoffRow | undefined = undefined;

  constructor(spec: FullChildSpec) {
    this.spec = spec;
  }
}

export class Children {
  #byId = new Map<ChildId, Child>();
  /** Those that have an actor. */
  #byRef = new RefTable<Child>(actorOf);

  get size(): number {
    return this.#byId.size;
  }

  /** In start order. */
  [Symbol.iterator](): IterableIterator<Child> {
    return this.#byId.values();
  }

  /** In reverse start order: the order in which children are terminated and listed. */
  newestFirst(): Child[] {
    return [...this.#byId.values()].reverse();
  }

  /** The child and those started after it, in start order. */
  from(first: Child): Child[] {
    const all = [...this.#byId.values()];
    return all.slice(all.indexOf(first));
  }

  get(id: ChildId): Child | undefined {
    return this.#byId.get(id);
  }

  byRef(ref: RefData): Child | undefined {
    return this.#byRef.get(ref);
  }

  add(child: Child): void {
    this.#byId.set(child.spec.id, child);
  }

  remove(child: Child): void {
    this.setRef(child, undefined);
    this.#byId.delete(child.spec.id);
  }

  /** The child has this actor now, or none; it is no longer restarting. */
  setRef(child: Child, ref: Ref | undefined): void {
    if (child.ref !== undefined) {
      this.#byRef.delete(child.ref);
      child.former = child.ref;
    }
    child.ref = ref;
    child.isRestarting = false;
    child.retry = undefined;
    if (ref !== undefined) this.#byRef.set(ref, child);
  }

  /** The child has no actor and waits for this attempt to start it again. */
  setRestarting(child: Child, retry: RetryMessage): void {
    this.setRef(child, undefined);
    child.isRestarting = true;
    child.retry = retry;
  }

  /** Another order and selection of children, with the actors that they have (code change). */
  replace(children: readonly Child[]): void {
    this.#byId = new Map(children.map((child) => [child.spec.id, child]));
    this.#byRef = new RefTable(actorOf);
    for (const child of children) if (child.ref !== undefined) this.#byRef.set(child.ref, child);
  }
}

/** Of one that has an actor. */
function actorOf({ ref }: Child): Ref {
  return ref as Ref;
}
