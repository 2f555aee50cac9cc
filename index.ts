/** The front door of `mofa`: composes the rooms. */
import { System, type SystemOptions } from "./core/index.ts";

export * from "./core/index.ts";

/** Starts a system: main's kernel and its scheduler threads. See `SystemOptions` for the defaults. */
export function startSystem(options: SystemOptions = {}): Promise<System> {
  return System.start(options);
}
