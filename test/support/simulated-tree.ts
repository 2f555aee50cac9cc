/**
 * A supervisor with scripted children on the real kernel, in simulated threads: time stands still until `advance`, and
 * `settle` runs until nothing is left to do. What happened is one list of lines.
 */
import type { ExitReason, Ref } from "../../core/index.ts";
import { errorData, reasonText, refKey } from "../../core/index.ts";
import {
  type ChildEntry,
  type ChildSpec,
  type ProgressReport,
  progressMessage,
  reportMessage,
  type SupervisorApi,
  type SupervisorReport,
  type SupervisorSetup,
  setupAsData,
  supervisor,
} from "../../supervisors/index.ts";
import { type ChildArgument, type ChildCommand, newWorld, scriptedChild } from "./scripted-child.ts";
import { SimulatedSystem } from "./simulated-system.ts";

export interface TreeOptions {
  readonly seed?: number;
  readonly threads?: number;
  /** Where the supervisor runs. Default 0. */
  readonly thread?: number;
}

type CallName = keyof SupervisorApi["calls"];
type Answer<N extends CallName> = SupervisorApi["calls"][N] extends (...all: never[]) => infer R ? R : never;

export class SimulatedTree {
  readonly system: SimulatedSystem;
  readonly world = newWorld();
  /** Ends of children and of the supervisor: `id: reason`. */
  readonly ends: string[] = [];
  readonly reports: SupervisorReport[] = [];
  readonly progress: ProgressReport[] = [];
  /** Other log lines of the supervisor. */
  readonly logs: string[] = [];
  ref!: Ref<SupervisorApi>;
  /** How the start ended: undefined when well, else the error's code and cause. */
  startError: { readonly code: string; readonly cause: unknown } | undefined;

  constructor(options: TreeOptions = {}) {
    this.system = new SimulatedSystem(options.seed ?? 1, options.threads ?? 1);
    this.system.events.on("exited", ({ ref, reason }) => {
      const id =
        this.idOf(ref) ?? (this.ref !== undefined && refKey(ref) === refKey(this.ref) ? "supervisor" : undefined);
      if (id === undefined) return;
      this.ends.push(`${id}: ${reasonText(reason)}`);
      if (id !== "supervisor" && !this.world.unborn.has(refKey(ref))) {
        this.world.trace.push(`end ${id} ${reasonText(reason)}`);
      }
    });
    this.system.events.on("log", ({ message, data }) => {
      if (message === reportMessage) this.reports.push(data as SupervisorReport);
      else if (message === progressMessage) this.progress.push(data as ProgressReport);
      else this.logs.push(message);
    });
  }

  get ctx() {
    const { ctx } = this.system.kernel(0).guest;
    if (ctx === undefined) throw new Error("the guest has no context");
    return ctx;
  }

  /** Spec of a scripted child, by its id alone or with more. */
  child(id: string, rest: Partial<ChildSpec> & { readonly trap?: boolean } = {}): ChildSpec {
    const { trap, ...spec } = rest;
    const argument: ChildArgument = { world: this.world.number, id, ...(trap !== undefined && { trap }) };
    return { id, start: [scriptedChild, argument], ...spec };
  }

  /** Starts a supervisor and waits for its start. Children may be given by id. */
  async start(
    setup: Omit<SupervisorSetup, "children"> & { readonly children?: readonly (string | ChildSpec)[] },
    options: { readonly thread?: number; readonly startTimeoutMs?: number } = {},
  ): Promise<this> {
    const children = (setup.children ?? []).map((child) => (typeof child === "string" ? this.child(child) : child));
    const full = { ...setup, children };
    const crossing = options.thread === undefined ? full : await setupAsData(full);
    return await this.startAs(() => crossing, options);
  }

  /** The same with any setup at all. */
  async startAs(
    setup: () => unknown,
    options: { readonly thread?: number; readonly startTimeoutMs?: number } = {},
  ): Promise<this> {
    const { thread = 0, startTimeoutMs = Number.POSITIVE_INFINITY } = options;
    const begun = this.ctx.start(supervisor, setup() as SupervisorSetup, { placement: { thread }, startTimeoutMs });
    const outcome = begun.then(
      (ref) => {
        this.ref = ref;
      },
      (error: unknown) => {
        const { code, cause } = error as { code: string; cause: unknown };
        this.startError = { code, cause };
      },
    );
    await this.until(outcome);
    return this;
  }

  /** Runs the system until the promise has settled. Time does not pass. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const end = () => {
      isSettled = true;
    };
    promise.then(end, end);
    for (let turns = 0; !isSettled; turns++) {
      if (turns > 1_000) throw new Error("the promise did not settle, and only time could settle it");
      this.system.advance(0);
      await (this.#isLoading ? macrotask() : Promise.resolve());
    }
    return await promise;
  }

  /** Runs until nothing is left to do at this moment. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      this.system.advance(0);
      if (this.#isLoading) await macrotask();
      else await Promise.resolve();
      quiet = this.#isLoading || this.system.step() ? 0 : quiet + 1;
    }
  }

  /** Whether a kernel waits for a module. */
  get #isLoading(): boolean {
    for (const { kernel } of this.system.threads.values()) if (kernel.scheduler.outside > 0) return true;
    return false;
  }

  async advance(ms: number): Promise<void> {
    this.system.advance(ms);
    await this.settle();
  }

  /** One request to the supervisor, and its answer. */
  async ask<N extends CallName>(name: N, argument?: unknown): Promise<Answer<N>> {
    return await this.until(this.post(name, argument));
  }

  /** One request, not awaited. A failure is the answer, as data. */
  async post<N extends CallName>(name: N, argument?: unknown): Promise<Answer<N>> {
    const call = this.ctx.call(this.ref, name, argument, { timeoutMs: Number.POSITIVE_INFINITY });
    return (await call) as Answer<N>;
  }

  /** Sends a command to a child, by ref. */
  tell(ref: Ref, command: ChildCommand): void {
    this.ctx.send(ref, command);
  }

  /** A child of that id ends with this reason, and everything that follows from it happens. */
  async end(id: string, reason: ExitReason): Promise<void> {
    this.ctx.exit(await this.refOf(id), reason);
    await this.settle();
  }

  async refOf(id: string): Promise<Ref> {
    const children: readonly ChildEntry[] = await this.ask("whichChildren");
    const found = children.find(
      ({ id: other, ref }) => other === id || (typeof ref === "object" && this.idOf(ref) === id),
    );
    if (typeof found?.ref !== "object") throw new Error(`no running child ${id}`);
    return found.ref;
  }

  /** `id`, `id (restarting)` or `id (stopped)` for each, newest first. */
  async list(): Promise<string[]> {
    return (await this.ask("whichChildren")).map(line);
  }

  /** specs, active, supervisors, workers. */
  async counts(): Promise<number[]> {
    const { specs, active, supervisors, workers } = await this.ask("countChildren");
    return [specs, active, supervisors, workers];
  }

  /** `context id: reason` of each report. */
  reportLines(): string[] {
    return this.reports.map(
      ({ errorContext, reason, offender }) => `${errorContext} ${offender.id}: ${reasonText(reason)}`,
    );
  }

  idOf(ref: { readonly node: string; thread: number; slot: number; generation: number }): string | undefined {
    return this.world.ids.get(refKey(ref));
  }

  get isAlive(): boolean {
    return this.ctx.isAlive(this.ref);
  }

  /** Takes what happened so far, to look at what comes. */
  forget(): void {
    this.ends.length = 0;
    this.reports.length = 0;
    this.progress.length = 0;
    this.world.starts.length = 0;
  }
}

/** A failed promise as data. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "did not fail";
  } catch (error) {
    return errorData(error).code ?? errorData(error).message;
  }
}

function line({ id, ref }: ChildEntry): string {
  if (ref === "restarting") return `${id} (restarting)`;
  return ref === undefined ? `${id} (stopped)` : String(id);
}

/** The next task: imports take more than a microtask, and weak references are cleared between tasks only. */
export function macrotask(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    resolve();
  };
  port2.postMessage(undefined);
  return promise;
}
