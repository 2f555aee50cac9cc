/**
 * A JavaScript peer as a contender. It runs in a worker thread of its own, with the young generation that the
 * schedulers of the runtime have, so that no contender inherits another's garbage or type feedback.
 */
import { Worker } from "node:worker_threads";
import type { Absent, Contender } from "../harness.ts";
import type { PlayName } from "../savina/plays.ts";
import type { PeerThreadData, PeerThreadReply } from "./peer-thread.ts";
import type { Repetition, ScenarioName } from "./scenario.ts";

/** The same for all JavaScript contenders: floods are bound by the garbage collector. */
export const youngGenerationMb = 192;

/** These modules run from their sources as well as built; a URL is not rewritten by the compiler. */
export function siblingModule(name: string, ofModule: string): URL {
  return new URL(`./${name}${ofModule.endsWith(".ts") ? ".ts" : ".js"}`, ofModule);
}

export interface ThreadContenderOptions {
  readonly name: string;
  /** Name of a module in `peers/`, without its ending. */
  readonly module: string;
  readonly scenario: ScenarioName | PlayName;
  /** A package that the module loads, and that may not be there. */
  readonly needs?: string;
  /** A slow contender does one of so many operations; the figures are per operation. Default 1. */
  readonly dividedBy?: number;
}

/** Absent where the package that it needs is. */
export function threadContender(options: ThreadContenderOptions & { readonly needs: string }): Contender | Absent;
export function threadContender(options: ThreadContenderOptions): Contender;
export function threadContender(options: ThreadContenderOptions): Contender | Absent {
  const { name, needs } = options;
  if (needs !== undefined && !isInstalled(needs))
    return { name, absent: `the package ${needs} is not installed (npm i ${needs})` };
  let worker: Worker | undefined;
  return {
    name,
    dividedBy: options.dividedBy ?? 1,
    async run(size) {
      worker ??= new Worker(siblingModule("peer-thread", import.meta.url), {
        workerData: {
          module: siblingModule(options.module, import.meta.url).href,
          scenario: options.scenario,
        } satisfies PeerThreadData,
        resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
      });
      return execute(worker, size);
    },
    async close() {
      await worker?.terminate();
      worker = undefined;
    },
  };
}

/** Where the modules beside this one would load it from. */
function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ERR_MODULE_NOT_FOUND") return false;
    throw error;
  }
}

/** @throws Error if the scenario failed, or the thread ended before it answered. */
function execute(worker: Worker, size: number): Promise<Repetition> {
  return new Promise((resolve, reject) => {
    const onMessage = (reply: PeerThreadReply): void => {
      worker.off("error", onError).off("exit", onExit);
      if (reply.type === "done") resolve(reply.repetition);
      else reject(new Error(reply.message));
    };
    const onError = (error: unknown): void => reject(error instanceof Error ? error : new Error(String(error)));
    const onExit = (code: number): void => reject(new Error(`its thread exited with code ${code}`));
    worker.once("message", onMessage).once("error", onError).once("exit", onExit);
    worker.postMessage(size);
  });
}
