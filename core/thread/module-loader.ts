/**
 * Imports behaviour modules, with a deadline.
 *
 * A module whose top level never ends stays pending for ever in its thread, whatever one does: it is refused there
 * afterwards, aloud. A module that is loaded here may not call `startSystem` (`loading.ts`).
 */
import { byDeadline } from "../clock.ts";
import { errorData, RuntimeError } from "../errors.ts";
import { whileLoading } from "./loading.ts";

type Exports = Readonly<Record<string, unknown>>;

export class ModuleLoader {
  readonly #timeoutMs: number;
  readonly #loads = new Map<string, Promise<Exports>>();
  /** Modules that did not end loading in time. */
  readonly #stuck = new Set<string>();
  /** By module, what ends the load for whoever waits. */
  readonly #fail = new Map<string, (error: unknown) => void>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @throws RuntimeError `load_timeout`, `deadlocked_load`, or what the module threw; by rejection. */
  load(url: string): Promise<Exports> {
    if (this.#stuck.has(url)) {
      return Promise.reject(
        new RuntimeError(
          "deadlocked_load",
          `${url} did not end loading in this thread before, so it cannot be loaded here any more: ` +
            "mend its top level (an endless loop, an await that never ends), or spawn on another thread",
        ),
      );
    }
    let load = this.#loads.get(url);
    if (load === undefined) {
      load = this.#start(url);
      this.#loads.set(url, load);
      // A module that failed may be repaired, though Node remembers its error for this thread.
      load.catch(() => this.#loads.delete(url));
    }
    return load;
  }

  /** Its top level was cut down: it stays pending for ever in this thread. */
  cutDown(url: string, error: unknown): void {
    this.#stuck.add(url);
    this.#fail.get(url)?.(error);
  }

  /** V8 rejects the import of a module that imports one whose top level was cut down with `null`, which says nothing. */
  #failure(url: string, error: unknown): unknown {
    if (error !== null || this.#stuck.size === 0) return error;
    return new RuntimeError(
      "deadlocked_load",
      `${url} cannot be loaded in this thread: a module that it imports did not end loading here before ` +
        `(${[...this.#stuck].join(", ")}): mend its top level, or spawn on another thread`,
    );
  }

  #start(url: string): Promise<Exports> {
    const { promise, resolve, reject } = Promise.withResolvers<Exports>();
    const cancel = byDeadline(this.#timeoutMs, () => {
      this.#stuck.add(url);
      reject(
        new RuntimeError(
          "load_timeout",
          `${url} did not load within loadTimeoutMs (${this.#timeoutMs} ms): mend its top level (an endless loop, an await that never ends)`,
        ),
      );
    });
    this.#fail.set(url, reject);
    whileLoading(url, () => import(url) as Promise<Exports>)
      .then(
        (exports) => {
          this.#stuck.delete(url);
          resolve(exports);
        },
        (error) => reject(this.#failure(url, error)),
      )
      .finally(cancel);
    return promise;
  }
}

/** What the module itself threw, as a load's failure. */
export function moduleFailed(url: string, error: unknown): RuntimeError {
  const data = errorData(error);
  return new RuntimeError("module_failed", `${url} failed to load: ${data.message}`, { cause: error });
}
