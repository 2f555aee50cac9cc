/** A store of the runtime, in a thread of its own, asked by main for 1,000 writes or reads at once. */
import { type AnyPlugin, startSystem } from "../../index.ts";
import type { Contender } from "../harness.ts";
import { documentOf, type KeptDocument, keyOf, keys } from "./documents.ts";
import type { Repetition } from "./scenario.ts";
import { systemContender } from "./system-contender.ts";

export type StoreDeed = "write" | "read";

export const storeWindow = 1_000;

export interface StoreOptions {
  readonly name: string;
  readonly deed: StoreDeed;
  /** The name that the plugin has. */
  readonly plugin: string;
  readonly use: { readonly plugin: AnyPlugin; readonly config: Readonly<Record<string, unknown>> };
}

/** The result is how many were answered, and rightly. */
export function store({ name, deed, plugin, use }: StoreOptions): Contender {
  const start = async () => {
    const system = await startSystem({ threads: 1, spare: false, checks: false });
    await system.startPlugins([{ ...use, isolation: "thread" }]);
    const put = async (number: number) => {
      await system.call(`plugin.${plugin}`, "put", { key: keyOf(number), value: documentOf(number) });
      return 1;
    };
    const get = async (number: number) => {
      const entry = (await system.call(`plugin.${plugin}`, "get", keyOf(number))) as { readonly value: KeptDocument };
      return entry.value.number === number % keys ? 1 : 0;
    };
    if (deed === "read") await inWindows(put, keys);
    return { system, does: deed === "write" ? put : get };
  };
  return systemContender(name, start, ({ does }, size) => inWindows(does, size));
}

async function inWindows(does: (number: number) => Promise<number>, size: number): Promise<Repetition> {
  const startMs = performance.now();
  let result = 0;
  for (let number = 0; number < size; number += storeWindow) {
    const all = Array.from({ length: Math.min(storeWindow, size - number) }, (_, at) => does(number + at));
    for (const count of await Promise.all(all)) result += count;
  }
  return { result, elapsedMs: performance.now() - startMs };
}
