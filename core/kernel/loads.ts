/**
 * Behaviours that actors of this thread wait for: a module is being loaded here, or the process starts that the code runs
 * in. Until then the actor waits, its mail with it, and a settled system waits for that.
 */
import { type Behaviour, isBehaviour } from "../actor/behaviour.ts";
import { type BehaviourModule, exportedBehaviour, noteModule } from "../actor/behaviour-module.ts";
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { SpawnOptions } from "../actor/context.ts";
import type { Api } from "../actor/ref.ts";
import { errorData, RuntimeError } from "../errors.ts";
import { moduleFailed } from "../thread/module-loader.ts";
import type { Kernel } from "./kernel.ts";

/** Stands in for a behaviour until its module is there. Never runs. */
export const loading: Behaviour<never, Api> = Object.freeze({
  kind: "behaviour",
  options: Object.freeze({ name: "loading" }),
  handlers: Object.freeze({ init: () => undefined, receive: () => undefined }),
  modules: [],
});

export class Loads {
  readonly #kernel: Kernel;
  /** Behaviours that were loaded here, by `moduleKey`. */
  readonly #loaded = new Map<string, Behaviour<never, Api>>();
  /** Modules that are being loaded, and how many actors wait for each. */
  readonly #loading = new Map<string, number>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The behaviour, where this thread has it already. */
  known(module: BehaviourModule): Behaviour<never, Api> | undefined {
    return this.#loaded.get(moduleKey(module)) ?? this.#kernel.host.findDefinition?.(module);
  }

  /** Loads the behaviour's module; until then the actor waits, its mail with it. */
  here(cell: Cell, reference: BehaviourModule): void {
    const kernel = this.#kernel;
    cell.flags |= Flag.waiting;
    kernel.scheduler.outside++;
    kernel.scheduler.wake();
    const { url } = reference;
    this.#loading.set(url, (this.#loading.get(url) ?? 0) + 1);
    const ended = () => {
      const others = (this.#loading.get(url) as number) - 1;
      if (others === 0) this.#loading.delete(url);
      else this.#loading.set(url, others);
      kernel.scheduler.outside--;
      kernel.scheduler.wake();
    };
    const failed = (error: unknown) => {
      const failure = isLoadFailure(error) ? error : moduleFailed(url, error);
      kernel.lifecycle.die(cell, { error: errorData(failure) });
      ended();
    };
    // In its name, so that it can be told whose load it was that had to be cut down. Much of it happens at once.
    extraOf(cell).loadingUrl = url;
    const load = kernel.scheduler.commit(() => kernel.dispatch.inScope(cell, () => kernel.host.importModule(url)));
    kernel.subscriptions.subscribe(
      load,
      (exports) => {
        extraOf(cell).loadingUrl = undefined;
        try {
          this.#adopt(cell, reference, exports);
        } catch (error) {
          failed(error);
          return;
        }
        ended();
      },
      failed,
    );
  }

  /** Starts the process that the actor's code runs in; until it has loaded the behaviour the actor waits, its mail with it. */
  inProcess(cell: Cell, module: BehaviourModule | Promise<BehaviourModule>, options: SpawnOptions | undefined): void {
    const kernel = this.#kernel;
    cell.flags |= Flag.waiting;
    kernel.scheduler.outside++;
    // Main may be at rest: it works again, and a settled system waits for this.
    kernel.scheduler.wake();
    const ended = () => {
      kernel.scheduler.outside--;
      kernel.scheduler.wake();
    };
    const failed = (error: unknown) => {
      kernel.lifecycle.die(cell, { error: errorData(error) });
      ended();
    };
    const start = (known: BehaviourModule) => {
      // Ended before it began: then nothing is to be started.
      if ((cell.flags & Flag.dead) !== 0) return ended();
      const remote = kernel.host.startProcess?.(cell, known, options);
      if (remote === undefined) return failed(new RuntimeError("process_failed", "this system starts no processes"));
      extraOf(cell).remote = remote;
      kernel.subscriptions.subscribe(
        remote.loaded,
        (behaviour) => {
          kernel.births.adoptBehaviour(cell, behaviour);
          ended();
        },
        failed,
      );
    };
    const code = kernel.host.loadProcesses?.();
    if (!(module instanceof Promise) && code === undefined) start(module);
    else kernel.subscriptions.subscribe(Promise.all([module, code]), ([known]) => start(known), failed);
  }

  /** Whether a module is being loaded that is none of these. */
  isLoadingBeside(urls: ReadonlySet<string>): boolean {
    for (const url of this.#loading.keys()) if (!urls.has(url)) return true;
    return false;
  }

  /** @throws RuntimeError `module_export_missing`, `module_unknown`. */
  #adopt(cell: Cell, reference: BehaviourModule, exports: Readonly<Record<string, unknown>>): void {
    const { exportName, value: behaviour } = exportedBehaviour(reference, exports);
    if (!isBehaviour(behaviour)) {
      throw new RuntimeError(
        "module_export_missing",
        `${reference.url} has no export "${exportName}" that is a behaviour (it exports ${Object.keys(exports).join(", ") || "nothing"})`,
      );
    }
    noteModule(behaviour, { ...reference, exportName });
    this.#loaded.set(moduleKey(reference), behaviour);
    this.#kernel.births.adoptBehaviour(cell, behaviour);
  }
}

function moduleKey({ url, exportName, site }: BehaviourModule): string {
  return exportName === undefined ? `${url}@${site}` : `${url}#${exportName}`;
}

/** What the runtime itself says of a load; anything else came out of the module. */
function isLoadFailure(error: unknown): error is RuntimeError {
  const own = ["load_timeout", "deadlocked_load", "module_export_missing", "module_unknown", "started_while_loading"];
  return error instanceof RuntimeError && own.includes(error.code);
}
