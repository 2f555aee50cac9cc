/** A store of the runtime, in a thread of its own, which 1,000 ask at once, from main. */
import { type PluginUse, startSystem, storageOf } from "../../index.ts";
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
  readonly use: PluginUse;
}

/** The result is how many were answered, and rightly. */
export function store({ name, deed, plugin, use }: StoreOptions): Contender {
  const start = async () => {
    const system = await startSystem({ threads: 1, spare: false, checks: false });
    await system.startPlugins([use]);
    const client = storageOf(system, plugin);
    const put = async (number: number) => {
      await client.put({ key: keyOf(number), value: documentOf(number) });
      return 1;
    };
    const get = async (number: number) => {
      const entry = (await client.get(keyOf(number))) as { readonly value: KeptDocument };
      return entry.value.number === number % keys ? 1 : 0;
    };
    if (deed === "read") await atOnce(put, keys);
    return { system, does: deed === "write" ? put : get };
  };
  return systemContender(name, start, ({ does }, size) => atOnce(does, size));
}

/** So many ask for one after the other. */
async function atOnce(does: (number: number) => Promise<number>, size: number): Promise<Repetition> {
  const startMs = performance.now();
  let next = 0;
  let result = 0;
  const lane = async () => {
    while (next < size) {
      const count = await does(next++);
      result += count;
    }
  };
  await Promise.all(Array.from({ length: storeWindow }, lane));
  return { result, elapsedMs: performance.now() - startMs };
}
