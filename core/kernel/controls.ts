/**
 * What may be done to an actor from outside beside sending to it and ending it, as OTP's `sys` does: hold its messages
 * back, let them through again, read its state or put another in its place; and what can be read of all actors of a thread.
 *
 * `pause` and `resume` act on reception, like an exit; reading and replacing the state are messages of the runtime, handled
 * between turns, also while the actor is paused.
 */
import { behaviourName } from "../actor/behaviour-module.ts";
import { type Cell, Flag } from "../actor/cell.ts";
import { type LifecycleState, lifecycleStateOf } from "../actor/lifecycle-state.ts";
import { type Mailbox, Meta, MetaKind } from "../actor/mailbox.ts";
import { messageBytes } from "../actor/message-size.ts";
import type { Ref, RefData } from "../actor/ref.ts";
import { isThenable } from "../actor/turn-result.ts";
import { type ErrorData, errorData } from "../errors.ts";
import type { Data } from "../registry/configuration.ts";
import { ValueBytes } from "../thread/value-bytes.ts";
import { callTimeoutMs } from "./calls.ts";
import { FrameKind } from "./frame-kind.ts";
import type { RemoteActor } from "./host.ts";
import type { InterruptRequest } from "./interrupt-request.ts";
import type { Kernel } from "./kernel.ts";
import { reconfigure } from "./reconfiguring.ts";

export type ControlVerb =
  | "pause"
  | "resume"
  | "trace"
  | "info"
  | "getState"
  | "replaceState"
  | "interrupt"
  | "reconfigure";

/** With `getState`: what its configuration marks as secret is not in the copy. */
export const hidesSecrets = "hideSecrets";

/** One living actor, as seen from outside. */
export interface ActorInfo {
  readonly ref: RefData;
  readonly name: string | undefined;
  readonly behaviour: string;
  /** Who spawned it; it may have ended since. */
  readonly parent: RefData | undefined;
  /** The id by which its supervisor knows it. */
  readonly childId: string | number | undefined;
  readonly state: LifecycleState;
  /** The scheduler position of its thread: 0 is main, -1 a dedicated thread. */
  readonly position: number;
  readonly isolation: "shared" | "thread" | "process";
  /** Messages that wait: in the mailbox, held back by a pause, and stashed. */
  readonly messages: number;
}

/** Messages of a queue by which the others are judged. */
const sampled = 32;

/** How a behaviour's hooks stand in the mailbox. */
const hook = {
  paused: new Meta(MetaKind.inspect, "paused", 0, undefined),
  resumed: new Meta(MetaKind.inspect, "resumed", 0, undefined),
} as const;

export class Controls {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The living actors of this thread. */
  actors(): ActorInfo[] {
    const { cells, guest } = this.#kernel;
    return cells.flatMap((cell) => (cell === undefined || cell === guest ? [] : [this.infoOf(cell)]));
  }

  infoOf(cell: Cell): ActorInfo {
    const kernel = this.#kernel;
    const { extra, flags, parent } = cell;
    const isRemote = (flags & Flag.remote) !== 0;
    return {
      ref: kernel.refOf(cell).toJSON(),
      name: extra?.name,
      behaviour: behaviourName(cell.behaviour),
      parent: parent === undefined ? undefined : kernel.adopt(parent).toJSON(),
      childId: cell.childId,
      state: lifecycleStateOf(cell, kernel.scheduler.current === cell),
      position: kernel.memory.position(kernel.thread),
      isolation: isRemote ? "process" : kernel.isDedicated ? "thread" : "shared",
      messages: this.messagesOf(cell),
    };
  }

  /** Messages that wait: in the mailbox, held back by a pause, and stashed. */
  messagesOf(cell: Cell): number {
    this.#kernel.fanOuts.spread();
    const { extra, mailbox } = cell;
    return (mailbox?.size ?? 0) + (extra?.heldMail?.size ?? 0) + (extra?.stash?.length ?? 0) / 2;
  }

  /** About how many bytes these hold on to: by the oldest of them, at most 32 of each kind. */
  heldBytesOf(cell: Cell): number {
    this.#kernel.fanOuts.spread();
    const { extra, mailbox } = cell;
    return Math.round(boxBytes(mailbox) + boxBytes(extra?.heldMail) + stashBytes(extra?.stash ?? []));
  }

  /** Asks for a verb, wherever the actor runs. @throws RuntimeError `noproc`, `timeout`, `not_cloneable`, by rejection. */
  ask(cell: Cell, verb: ControlVerb, ref: RefData, value?: unknown): Promise<unknown> {
    const kernel = this.#kernel;
    const isHere = ref.thread === kernel.thread;
    // The state is the actor's alone: whoever gave it keeps no hold of it, also on the same thread.
    const own = verb === "replaceState" || verb === "reconfigure" ? this.#copyOf(value, verb) : value;
    return kernel.scheduler.commit(() => {
      const { id, promise } = kernel.calls.expect(cell, ref, verb, callTimeoutMs);
      if (isHere) this.control(verb, ref, own, kernel.refOf(cell), id);
      else kernel.peers.push(ref.thread, FrameKind.control, ref, cell, id, [verb, own]);
      return promise;
    });
  }

  /** A verb for an actor of this thread. Who asked gets the answer as that of a call. */
  control(verb: ControlVerb, ref: RefData, value: unknown, caller: Ref, id: number): void {
    const kernel = this.#kernel;
    if (verb === "interrupt") {
      kernel.interrupts.received(ref, value as InterruptRequest, caller, id);
      return;
    }
    const cell = kernel.cellOf(ref);
    // The program itself is no actor: nobody could let it go on.
    if (cell === undefined || (cell === kernel.guest && verb !== "trace")) {
      this.#refuse(caller, id, ref, "noproc", `${verb}: there is no actor ${kernel.nameOf(ref)}`);
    } else if (verb === "pause" || verb === "resume") {
      if (verb === "pause") this.#pause(cell);
      else this.resume(cell);
      kernel.calls.answer(caller, id, undefined, undefined);
    } else if (verb === "trace") {
      if (value === true) kernel.traces.begin(cell);
      else kernel.traces.end(cell);
      kernel.calls.answer(caller, id, undefined, undefined);
    } else if (verb === "info") {
      kernel.calls.answer(caller, id, this.infoOf(cell), undefined);
    } else kernel.delivery.deliverSystem(cell, new Meta(MetaKind.inspect, verb, id, caller), value);
  }

  #pause(cell: Cell): void {
    if ((cell.flags & Flag.paused) !== 0) return;
    cell.flags |= Flag.paused;
    if ((cell.flags & Flag.agent) !== 0) this.#kernel.agents.touched(cell);
    this.#kernel.lifecycle.hold(cell);
    if (cell.behaviour.handlers.paused !== undefined) this.#kernel.delivery.deliverSystem(cell, hook.paused, undefined);
  }

  resume(cell: Cell): void {
    if ((cell.flags & Flag.paused) === 0) return;
    cell.flags &= ~Flag.paused;
    if ((cell.flags & Flag.agent) !== 0) this.#kernel.agents.touched(cell);
    // While it starts (`initLater`) its messages wait on.
    if ((cell.flags & Flag.initializing) === 0) this.#kernel.lifecycle.release(cell);
    const { counters, delivery } = this.#kernel;
    // Where `paused` has not run yet, neither of the two does.
    if (delivery.takeOldest(cell, (meta) => meta === hook.paused) !== undefined) counters.addUnread(-1);
    else if (cell.behaviour.handlers.resumed !== undefined) {
      counters.addUnread(1);
      delivery.putBack(cell, [hook.resumed, undefined]);
    }
  }

  /** In the actor's own turn: hooks are its code, and copying its state may run code of it. */
  inspect(cell: Cell, meta: Meta, value: unknown): unknown {
    const { name, from, id } = meta;
    const { calls } = this.#kernel;
    const me = this.#kernel.refOf(cell);
    if (name === "paused" || name === "resumed")
      return cell.behaviour.handlers[name]?.(cell.state, this.#kernel.contextOf(cell));
    if (name === "interrupted") {
      const state = this.#kernel.interruptedTurns.runHook(cell, value as string);
      if (state !== undefined && !isThenable(state)) cell.state = state;
      return isThenable(state) ? state : undefined;
    }
    if (name === "reconfigure") return reconfigure(this.#kernel, cell, meta, value as Data); // as it was checked where it was given
    const remote = cell.extra?.remote;
    if (remote !== undefined)
      return this.#inspectRemote(remote, name as "getState" | "replaceState", from, id, value, me);
    const { summary } = cell.behaviour.handlers;
    if (name === "replaceState") {
      if (summary === undefined) {
        cell.state = value;
        calls.answer(from, id, undefined, me);
      } else {
        const message = `replaceState: the state of ${this.#kernel.nameOf(me)} is the runtime's own`;
        calls.answerError(from, id, { name: "RuntimeError", code: "bad_argument", message }, me);
      }
      return undefined;
    }
    try {
      const state = summary === undefined ? cell.state : summary(cell.state);
      const secrets = value === hidesSecrets ? cell.extra?.configuration?.secrets : undefined;
      calls.answer(from, id, this.#copyOf(secrets === undefined ? state : secrets.hiddenIn(state), name), me);
    } catch (error) {
      const { message } = errorData(error);
      const data: ErrorData = { name: "RuntimeError", code: "not_cloneable", message: `the state: ${message}` };
      calls.answerError(from, id, data, me);
    }
    return undefined;
  }

  /** The state is in the actor's process: a turn of that reads or replaces it. */
  #inspectRemote(
    remote: RemoteActor,
    name: "getState" | "replaceState",
    from: RefData | undefined,
    id: number,
    value: unknown,
    me: Ref,
  ): Promise<void> {
    const { calls } = this.#kernel;
    return remote
      .inspect(name, value)
      .then((state) => calls.answer(from, id, state, me))
      .catch((error: unknown) => {
        const { message, code = "not_cloneable" } = errorData(error);
        calls.answerError(from, id, { name: "RuntimeError", code, message: `the state: ${message}` }, me);
      });
  }

  /** As what crosses to another thread. @throws RuntimeError `not_cloneable`. */
  #copyOf(value: unknown, verb: string): unknown {
    const bytes = new ValueBytes(this.#kernel.refWire);
    return bytes.decode(bytes.encode(value, verb));
  }

  #refuse(caller: Ref, id: number, ref: RefData, code: "noproc", message: string): void {
    this.#kernel.calls.answerError(caller, id, { name: "RuntimeError", code, message }, ref);
  }
}

function boxBytes(box: Mailbox | undefined): number {
  return box === undefined
    ? 0
    : sampledBytes(
        box.peek(sampled, ({ payload }) => payload),
        box.size,
      );
}

/** @param stash meta, payload, meta, payload and so on. */
function stashBytes(stash: readonly unknown[]): number {
  const payloads = stash.slice(0, sampled * 2).filter((_, i) => i % 2 === 1);
  return sampledBytes(payloads, stash.length / 2);
}

function sampledBytes(payloads: readonly unknown[], count: number): number {
  if (payloads.length === 0) return 0;
  const bytes = payloads.reduce<number>((sum, payload) => sum + messageBytes(payload), 0);
  return (bytes / payloads.length) * count;
}
