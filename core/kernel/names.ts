/**
 * Unique names. The owner on main decides, each thread reads its own replica.
 *
 * A name whose holder's liveness word differs does not exist, in any replica, from that instant (SEMANTICS S4.3), so a
 * watcher that gets a down can take the name at once, wherever it runs.
 */
import { assertName, isActorName } from "../actor/actor-name.ts";
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import { isRef, type Ref, type RefData, refKey, sameRef } from "../actor/ref.ts";
import { describe, RuntimeError } from "../errors.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { assertNoServiceName } from "./service.ts";
import { holderFault, type TableLook } from "./table-look.ts";

const owner = 0;
const toOwner = { slot: 0, generation: 0 };
/** Ends with the living holder, or undefined when the name was taken. The very actor that was to be named: it has another name. */
type Registered = (holder: Ref | undefined) => void;

export class Names {
  readonly #kernel: Kernel;
  /** On main the truth, elsewhere the replica. */
  readonly #names = new Map<string, Ref>();
  /** On main: the name that an actor has, by ref key. */
  readonly #nameOf = new Map<string, string>();
  readonly #requests = new Map<number, Registered>();
  #nextRequest = 1;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get size(): number {
    return this.#names.size;
  }

  whereis(name: string): Ref | undefined {
    const ref = this.#names.get(name);
    return ref !== undefined && this.#kernel.isAlive(ref) ? ref : undefined;
  }

  /** Names with a living holder. */
  all(): [string, Ref][] {
    return [...this.#names].filter(([, ref]) => this.#kernel.isAlive(ref));
  }

  /** @throws RuntimeError `already_registered`, `bad_argument`, by rejection. */
  register(cell: Cell, name: string, ref: RefData): Promise<void> {
    const kernel = this.#kernel;
    try {
      kernel.assertAlive(cell, "register");
      assertName(name, "register");
      assertNoServiceName(name, "register");
      if (!kernel.isAlive(ref)) {
        throw new RuntimeError("bad_argument", `register: ${kernel.nameOf(ref)} is not alive`);
      }
      const own = kernel.cellOf(ref)?.extra?.name;
      if (own !== undefined && own !== name) throw hasName(kernel.nameOf(ref), own, name);
      if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "register");
    } catch (error) {
      return kernel.tasks.rejection(cell, error);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const refused = (error: RuntimeError) =>
      kernel.scheduler.settle(cell, reject as (value: never) => void, kernel.tasks.failureOf(cell, error));
    kernel.asyncTurns.awaits(cell, 1);
    this.#request(name, kernel.adopt(ref), (holder) => {
      kernel.asyncTurns.awaits(cell, -1);
      if (holder === undefined) kernel.scheduler.settle(cell, resolve as (value: never) => void, undefined);
      else if (sameRef(holder, ref)) refused(hasName(kernel.nameOf(ref), this.replicaNameOf(ref), name));
      else
        refused(
          new RuntimeError("already_registered", `the name ${describe(name)} belongs to ${kernel.nameOf(holder)}`),
        );
    });
    return promise;
  }

  /** The name of somebody else's actor, for a message: this thread only knows the names' holders. */
  replicaNameOf(ref: RefData): string | undefined {
    for (const [name, holder] of this.#names) if (sameRef(holder, ref)) return name;
    return undefined;
  }

  /** The name of an actor that is being born. */
  claim(cell: Cell, name: string, done: Registered): void {
    this.#request(name, this.#kernel.refOf(cell), done);
  }

  #request(name: string, ref: Ref, done: Registered): void {
    const kernel = this.#kernel;
    if (kernel.thread === owner) {
      done(this.#decide(name, ref));
      return;
    }
    const id = this.#nextRequest++;
    this.#requests.set(id, (holder) => {
      if (holder === undefined) this.#set(name, ref);
      done(holder);
    });
    kernel.peers.push(owner, FrameKind.nameRegister, toOwner, kernel.guest, id, [name, ref]);
  }

  /** On main: takes the name, or returns its living holder. */
  #decide(name: string, ref: Ref): Ref | undefined {
    const holder = this.whereis(name);
    if (holder !== undefined && !sameRef(holder, ref)) return holder;
    if (!this.#kernel.isAlive(ref)) return undefined;
    const own = this.#nameOf.get(refKey(ref));
    if (own !== undefined && own !== name) return ref;
    this.#set(name, ref);
    this.#broadcast(FrameKind.nameSet, name, ref);
    return undefined;
  }

  registerReceived(thread: number, id: number, name: string, ref: Ref): void {
    const holder = this.#decide(name, ref);
    this.#kernel.peers.push(thread, FrameKind.nameReply, toOwner, this.#kernel.guest, id, holder);
  }

  replyReceived(id: number, holder: Ref | undefined): void {
    const done = this.#requests.get(id);
    this.#requests.delete(id);
    done?.(holder);
  }

  /** Gives a living actor's name up. */
  unregister(cell: Cell, name: string): Promise<void> {
    const kernel = this.#kernel;
    const { promise, resolve } = Promise.withResolvers<void>();
    try {
      kernel.assertAlive(cell, "unregister");
      assertName(name, "unregister");
      assertNoServiceName(name, "unregister");
      const ref = this.whereis(name);
      if (ref === undefined)
        throw new RuntimeError("bad_argument", `unregister: nobody is registered as ${describe(name)}`);
      if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "unregister");
      kernel.asyncTurns.awaits(cell, 1);
      const done = () => {
        kernel.asyncTurns.awaits(cell, -1);
        kernel.scheduler.settle(cell, resolve as (value: never) => void, undefined);
      };
      if (kernel.thread === owner) {
        this.#free(name, ref);
        done();
      } else {
        const id = this.#nextRequest++;
        this.#requests.set(id, done);
        kernel.peers.push(owner, FrameKind.nameRelease, toOwner, kernel.guest, id, [name, ref]);
      }
    } catch (error) {
      return kernel.tasks.rejection(cell, error);
    }
    return promise;
  }

  /** The holder died: its liveness word freed the name already, this clears the tables. */
  release(ref: Ref, name: string): void {
    const kernel = this.#kernel;
    if (kernel.thread === owner) this.#free(name, ref);
    else {
      this.delete(name, ref);
      kernel.peers.push(owner, FrameKind.nameRelease, toOwner, kernel.guest, 0, [name, ref]);
    }
  }

  releaseReceived(thread: number, id: number, name: string, ref: Ref): void {
    this.#free(name, ref);
    if (id !== 0) this.#kernel.peers.push(thread, FrameKind.nameReply, toOwner, this.#kernel.guest, id, undefined);
  }

  #free(name: string, ref: Ref): void {
    if (!sameRef(this.#names.get(name), ref)) return;
    this.delete(name, ref);
    this.#broadcast(FrameKind.nameDelete, name, ref);
  }

  /** A replica's update, or main's own. */
  #set(name: string, ref: Ref): void {
    const kernel = this.#kernel;
    const former = this.#names.get(name);
    if (former !== undefined) this.#remove(name, former);
    this.#names.set(name, ref);
    if (kernel.thread === owner) this.#nameOf.set(refKey(ref), name);
    kernel.registry?.changed();
    kernel.work?.nameTaken(name);
    kernel.stores?.nameTaken(name);
    const cell = kernel.cellOf(ref);
    if (cell === undefined || (cell.flags & Flag.dead) !== 0) return;
    extraOf(cell).name = name;
    kernel.faults?.meet(cell);
  }

  set(name: string, ref: Ref): void {
    this.#set(name, ref);
    // It died before it learned of its name: nobody else would give the name back.
    const kernel = this.#kernel;
    if (ref.thread === kernel.thread && !kernel.memory.isAlive(ref.thread, ref.slot, ref.generation))
      this.release(ref, name);
  }

  #remove(name: string, ref: Ref): void {
    this.#names.delete(name);
    if (this.#kernel.thread === owner) this.#nameOf.delete(refKey(ref));
    this.#kernel.registry?.changed();
  }

  /** @param ref undefined: whoever has it */
  delete(name: string, ref: Ref | undefined): void {
    const holder = this.#names.get(name);
    if (holder !== undefined && (ref === undefined || sameRef(holder, ref))) this.#remove(name, holder);
    const former = ref ?? holder;
    if (former !== undefined) this.#unname(name, former);
  }

  #unname(name: string, ref: Ref): void {
    const cell = this.#kernel.cellOf(ref);
    if (cell?.extra?.name !== name) return;
    cell.extra.name = undefined;
    this.#kernel.faults?.meet(cell);
  }

  #broadcast(kind: FrameKind, name: string, ref: Ref): void {
    const kernel = this.#kernel;
    for (const thread of kernel.memory.threadsUp()) {
      if (thread !== kernel.thread) kernel.peers.push(thread, kind, toOwner, kernel.guest, 0, [name, ref]);
    }
  }

  /** Main tells a thread that just came up all names. */
  introduce(thread: number): void {
    const kernel = this.#kernel;
    for (const [name, ref] of this.all())
      kernel.peers.push(thread, FrameKind.nameSet, toOwner, kernel.guest, 0, [name, ref]);
  }

  /** On main: each entry, and each of the index beside them. */
  *looks(): Generator<TableLook> {
    for (const [name, ref] of this.#names) {
      yield {
        table: "names",
        key: name,
        holder: ref,
        fault: () => (this.#names.get(name) === ref ? this.#faultOf(name, ref) : undefined),
        mend: () => this.#note(name, ref),
        throwOut: () => this.#throwOut(name, ref),
      };
    }
    for (const [who, name] of this.#nameOf) {
      yield {
        table: "names",
        key: name,
        holder: undefined,
        fault: () => {
          const holder = this.#names.get(name);
          if (this.#nameOf.get(who) !== name || (isRef(holder) && refKey(holder) === who)) return undefined;
          return `it is noted as the name of ${who}, which has not got it`;
        },
        throwOut: () => void this.#nameOf.delete(who),
      };
    }
  }

  #faultOf(name: string, ref: Ref): string | undefined {
    if (!isActorName(name)) return "it is no name";
    const fault = holderFault(this.#kernel.memory, ref);
    if (fault !== undefined) return fault;
    const own = this.#nameOf.get(refKey(ref));
    if (own === name) return undefined;
    return this.#isMisnoted(name, ref)
      ? `its holder is noted as ${describe(own)}, which it is not`
      : `its holder is ${describe(own)}`;
  }

  /** Whether a good name of a living holder is not in the index: then it is that which is wrong. */
  #isMisnoted(name: string, ref: Ref): boolean {
    if (!isActorName(name) || holderFault(this.#kernel.memory, ref) !== undefined) return false;
    const own = this.#nameOf.get(refKey(ref));
    return own === undefined || !isActorName(own) || !sameRef(this.#names.get(own), ref);
  }

  #note(name: string, ref: Ref): boolean {
    if (!this.#isMisnoted(name, ref)) return false;
    this.#nameOf.set(refKey(ref), name);
    return true;
  }

  /** A wrong entry: what any thread knows under that name goes with it. */
  #throwOut(name: string, ref: Ref): void {
    const kernel = this.#kernel;
    this.#names.delete(name);
    if (isRef(ref)) {
      if (this.#nameOf.get(refKey(ref)) === name) this.#nameOf.delete(refKey(ref));
      this.#unname(name, ref);
    }
    for (const thread of kernel.memory.threadsUp())
      if (thread !== kernel.thread)
        kernel.peers.push(thread, FrameKind.nameDelete, toOwner, kernel.guest, 0, [name, undefined]);
  }

  threadLost(thread: number): void {
    for (const [name, ref] of this.#names) if (ref.thread === thread) this.#remove(name, ref);
  }
}

function hasName(who: string, own: string | undefined, name: string): RuntimeError {
  return new RuntimeError(
    "bad_argument",
    `register: ${who} has a name already (${describe(own)}) and cannot have ${describe(name)} as well: unregister that first`,
  );
}
