/** The front door of `mofa`: composes the rooms. `startSystem` is core's start plus supervision. */
import { bootSystem, type SpawnOptions, System, type SystemOptions } from "./core/index.ts";
import {
  type DynamicSetup,
  type DynamicSupervisorHandle,
  dynamicSetup,
  type SupervisionHost,
  type SupervisorHandle,
  type SupervisorSetup,
  superviseDynamicOn,
  superviseOn,
} from "./supervisors/index.ts";

export * from "./core/index.ts";
export * from "./supervisors/index.ts";

/** A running system with supervision. */
export class MofaSystem extends System {
  readonly #trees = new Set<SupervisorHandle | DynamicSupervisorHandle>();
  readonly #supervision: SupervisionHost = {
    thread: 0,
    spawn: (behaviour, argument, options) => this.spawn(behaviour, argument, options),
    whenDown: async (ref) => (await (await this.monitor(ref)).down).reason,
  };

  /**
   * Starts a supervisor and awaits its children's start. It runs on main unless placed elsewhere, so that the loss of a
   * thread never takes it; its children are spread over the threads unless they say otherwise.
   * @throws RuntimeError `start_failed` with the supervisor's reason as cause, and what else `spawn` throws.
   */
  async supervise(setup: SupervisorSetup, options?: SpawnOptions): Promise<SupervisorHandle> {
    return this.#keep(await superviseOn(this.#supervision, setup, options));
  }

  /** The same for children of one template that come and go (OTP's simple_one_for_one). */
  async superviseDynamic(setup: DynamicSetup, options?: SpawnOptions): Promise<DynamicSupervisorHandle> {
    return this.#keep(await superviseDynamicOn(this.#supervision, dynamicSetup(setup), options));
  }

  #keep<T extends SupervisorHandle | DynamicSupervisorHandle>(tree: T): T {
    this.#trees.add(tree);
    void tree.exit.then(() => this.#trees.delete(tree));
    return tree;
  }

  /** Last started, first stopped. */
  protected override async stopTrees(): Promise<void> {
    for (const tree of [...this.#trees].reverse()) {
      this.context.exit(tree.ref, "shutdown");
      await tree.exit;
    }
  }
}

/**
 * Starts a system: main's kernel and its scheduler threads. See `SystemOptions` for the defaults.
 * @throws RuntimeError `started_while_loading`, `bad_argument`, `thread_failed`.
 */
export async function startSystem(options: SystemOptions = {}): Promise<MofaSystem> {
  return new MofaSystem(await bootSystem(options));
}
