/**
 * A supervisor as OTP's suite has it: started by, and linked to, a process that traps exits and is its parent.
 */
import {
  type ExitMessage,
  type ExitReason,
  type Ref,
  type RefData,
  type SpawnOptions,
  sameRef,
} from "../../core/index.ts";
import type { MofaSystem } from "../../index.ts";
import {
  type ChildId,
  type SupervisorApi,
  type SupervisorBehaviour,
  type SupervisorSetup,
  supervisor,
} from "../../supervisors/index.ts";
import { Probe } from "../../testing/index.ts";

const forEver = { timeoutMs: Number.POSITIVE_INFINITY };

export class Supervised implements AsyncDisposable {
  readonly parent: Probe;
  readonly ref: Ref<SupervisorApi>;
  readonly #system: MofaSystem;

  private constructor(system: MofaSystem, parent: Probe, ref: Ref<SupervisorApi>) {
    this.#system = system;
    this.parent = parent;
    this.ref = ref;
  }

  /** Starts `supervisor` with a setup, on main. @throws RuntimeError what `ctx.start` throws. */
  static start(system: MofaSystem, setup: SupervisorSetup, options: SpawnOptions = {}): Promise<Supervised> {
    return Supervised.startAs(system, supervisor, setup, options);
  }

  static async startAs<A>(
    system: MofaSystem,
    behaviour: SupervisorBehaviour<A>,
    argument: A,
    options: SpawnOptions = {},
  ) {
    const parent = await Probe.start(system);
    try {
      // The types want to know whether A may be left out; here it never is.
      const start = (ctx: { start(...all: unknown[]): Promise<Ref<SupervisorApi>> }) =>
        ctx.start(behaviour, argument, { placement: { thread: 0 }, ...options });
      const ref = await parent.run((ctx) => start(ctx as unknown as Parameters<typeof start>[0]));
      return new Supervised(system, parent, ref);
    } catch (error) {
      await parent.stop();
      throw error;
    }
  }

  startChild(specOrArgument?: unknown) {
    return this.ref.call("startChild", specOrArgument, forEver);
  }

  /** Starts a child that must start. */
  async start(specOrArgument?: unknown): Promise<Ref> {
    const outcome = await this.startChild(specOrArgument);
    if (!outcome.ok || outcome.ref === undefined)
      throw new Error(`the child did not start: ${JSON.stringify(outcome)}`);
    return outcome.ref as Ref;
  }

  terminateChild(child: ChildId | RefData) {
    return this.ref.call("terminateChild", child, forEver);
  }

  restartChild(id: ChildId) {
    return this.ref.call("restartChild", id, forEver);
  }

  deleteChild(id: ChildId) {
    return this.ref.call("deleteChild", id, forEver);
  }

  getChildSpec(child: ChildId | RefData) {
    return this.ref.call("getChildSpec", child, forEver);
  }

  whichChild(child: ChildId | RefData) {
    return this.ref.call("whichChild", child, forEver);
  }

  whichChildren() {
    return this.ref.call("whichChildren", undefined, forEver);
  }

  changeCode(argument?: unknown) {
    return this.ref.call("changeCode", argument, forEver);
  }

  /** `[id, ref]` of each child, newest first. */
  async children(): Promise<(readonly [ChildId | undefined, Ref | "restarting" | undefined])[]> {
    return (await this.whichChildren()).map(({ id, ref }) => [id, ref] as const);
  }

  /** The actor of a child that has one. */
  async child(id: ChildId): Promise<Ref> {
    const ref = (await this.whichChildren()).find((entry) => entry.id === id)?.ref;
    if (ref === undefined || ref === "restarting") throw new Error(`child ${id} has no actor: ${String(ref)}`);
    return ref;
  }

  /** Specs, active, supervisors, workers. */
  async counts(): Promise<readonly [number, number, number, number]> {
    const { specs, active, supervisors, workers } = await this.ref.call("countChildren", undefined, forEver);
    return [specs, active, supervisors, workers];
  }

  /** Lets a child end, waits until it has and its supervisor has dealt with it; gives the reason it ended with. */
  async end(child: RefData, how: "normal" | "abnormal" | "kill" | "shutdown" | { readonly shutdown: string }) {
    const watch = await this.parent.watch(child);
    if (how === "normal") this.#system.cast(child, "stop");
    else if (how === "abnormal") this.#system.cast(child, "die");
    else this.#system.exit(child, how);
    const reason = await watch.reason();
    await this.#system.settled();
    return reason;
  }

  /** Tells the supervisor to end, as its parent. */
  async tell(reason: ExitReason): Promise<void> {
    await this.parent.run((ctx) => ctx.exit(this.ref, reason));
  }

  /** Tells the supervisor to end, and gives the reason it ended with. */
  async stop(reason: ExitReason = "shutdown"): Promise<ExitReason> {
    await this.tell(reason);
    return await this.exitReason();
  }

  /** Why the supervisor ended, by its link to its parent. @throws Error when the system has settled and it has not. */
  async exitReason(): Promise<ExitReason> {
    const isItsExit = (message: unknown) => {
      const { type, from } = message as Partial<ExitMessage>;
      return type === "exit" && sameRef(from, this.ref);
    };
    const exit = (await this.parent.take(isItsExit)) as ExitMessage | undefined;
    if (exit === undefined) throw new Error("the system has settled and the supervisor has not ended");
    return exit.reason;
  }

  /** Whether the supervisor lives, once the system has settled. */
  async isAlive(): Promise<boolean> {
    await this.#system.settled();
    return await this.parent.run((ctx) => ctx.isAlive(this.ref));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#system.exit(this.ref, "kill");
    await this.parent.stop();
  }
}
