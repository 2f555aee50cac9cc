/**
 * Touches every lazy global and the common built-in modules of a starting thread.
 *
 * Node makes some globals on first use. A turn that is cut down in the middle of that leaves the global broken for ever
 * in its thread, so the first use happens here, where no user code runs.
 */

const modules = [
  "node:assert",
  "node:buffer",
  "node:child_process",
  "node:crypto",
  "node:events",
  "node:fs",
  "node:fs/promises",
  "node:http",
  "node:https",
  "node:net",
  "node:os",
  "node:path",
  "node:perf_hooks",
  "node:process",
  "node:stream",
  "node:stream/promises",
  "node:string_decoder",
  "node:timers/promises",
  "node:url",
  "node:util",
  "node:worker_threads",
  "node:zlib",
] as const;

export async function warmUp(): Promise<void> {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    // Storage and the like throw without their option: then there is nothing that could break.
    try {
      void (globalThis as Record<string, unknown>)[name];
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }
  await Promise.all(modules.map((name) => import(name)));
}
