/** The processes of a system, on main: starting them, what they are, and that none is left when the system has stopped. */
import type { BehaviourModule } from "../actor/behaviour-module.ts";
import type { Cell } from "../actor/cell.ts";
import type { SpawnOptions } from "../actor/context.ts";
import type { RefData } from "../actor/ref.ts";
import { byDeadline } from "../clock.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { RemoteActor } from "./remote-actor.ts";

export interface GatewayOptions {
  readonly startTimeoutMs: number;
  readonly loadTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Longest message on either way, in bytes as it crosses. */
  readonly frameBytesMax: number;
  /** Time for a process that was killed to be gone. */
  readonly endTimeoutMs: number;
}

/** A process as views show it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly ref: RefData;
  readonly name: string | undefined;
}

export class ProcessGateway {
  readonly #options: GatewayOptions;
  readonly #actors = new Set<RemoteActor>();
  #code: typeof import("./remote-actor.ts") | undefined;
  #loading: Promise<void> | undefined;
  /** Processes that ended before their actors. */
  lost = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Loads what processes need of main, which few programs have. Undefined: it is there. */
  load(): Promise<void> | undefined {
    if (this.#code !== undefined) return undefined;
    this.#loading ??= import("./remote-actor.ts").then((code) => {
      this.#code = code;
    });
    return this.#loading;
  }

  /** Starts the process of an actor. To be called when `load` has. */
  start(
    kernel: Kernel,
    cell: Cell,
    module: BehaviourModule,
    options: SpawnOptions | undefined,
  ): RemoteActor | undefined {
    if (this.#code === undefined) return undefined;
    const { heapMb, env } = options ?? {};
    const actor = new this.#code.RemoteActor(kernel, cell, { ...this.#options, module, heapMb, env: env ?? {} });
    this.#actors.add(actor);
    void actor.gone.then(() => {
      this.#actors.delete(actor);
      if (actor.isLost) this.lost++;
    });
    return actor;
  }

  /** Processes that run, in the order of their starts. */
  get running(): readonly ProcessInfo[] {
    return [...this.#actors].flatMap(({ pid, ref, cell }) =>
      pid === undefined ? [] : [{ pid, ref, name: cell.extra?.name }],
    );
  }

  /** Ends every process, and resolves when they are gone. SIGKILL cannot be refused; one that the kernel itself holds is not waited for longer than its time. */
  async close(): Promise<void> {
    const all = [...this.#actors];
    for (const actor of all) actor.kill();
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const cancel = byDeadline(this.#options.endTimeoutMs, resolve);
    await Promise.race([Promise.all(all.map(({ gone }) => gone)), over]);
    cancel();
  }
}
