/**
 * EXPERIMENT, not the product: touches every lazy global and the common `node:` modules at a thread's start.
 *
 * Node builds many globals at their first use. A termination in the middle of that leaves them broken for ever in
 * the thread, so it has to be over before user code runs.
 */
export async function touchLazyGlobals(): Promise<string[]> {
  const touched: string[] = [];
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    // Prints a warning when it is touched without a file.
    if (name === "localStorage") continue;
    // Reading runs the getter that loads the module behind the global.
    const value: unknown = Reflect.get(globalThis, name);
    if (typeof value === "function" || typeof value === "object") touched.push(name);
  }
  performance.now();
  performance.mark("warm");
  performance.clearMarks("warm");
  structuredClone({});
  queueMicrotask(() => undefined);
  await Promise.all(
    [
      "assert",
      "buffer",
      "crypto",
      "events",
      "fs",
      "fs/promises",
      "http",
      "https",
      "net",
      "os",
      "path",
      "perf_hooks",
      "stream",
      "stream/promises",
      "timers",
      "timers/promises",
      "tls",
      "url",
      "util",
      "zlib",
    ].map((name) => import(`node:${name}`)),
  );
  return touched;
}
