/** A storage plugin that runs in a system of a test, and how its calls are asked. */
import type { StorageCalls } from "../../../core/index.ts";
import { type MofaSystem, type StorageClient, storageOf } from "../../../index.ts";

/** The calls as promises, by the plugin's actor. */
export type Store = {
  readonly [N in keyof StorageCalls]: (
    ...argument: Parameters<StorageCalls[N]>
  ) => Promise<ReturnType<StorageCalls[N]>>;
};

/** Ten megabytes on a busy machine take their time. */
const options = { timeoutMs: 30_000 };

/** @param name of the plugin */
export function storeOf(system: () => MofaSystem, name: string): Store {
  return new Proxy({} as Store, {
    get: (_target, call) => (argument: unknown) => system().call(`plugin.${name}`, String(call), argument, options),
  });
}

/** By a client, which is of that system for as long as it runs; batches are asked for by themselves. */
export function clientOf(system: () => MofaSystem, name: string): Store {
  const clients = new WeakMap<MofaSystem, StorageClient>();
  return new Proxy({} as Store, {
    get: (_target, call: keyof StorageCalls) => (argument: never) => {
      if (call === "batch" || call === "getBatch") return system().call(`plugin.${name}`, call, argument, options);
      let client = clients.get(system());
      if (client === undefined) clients.set(system(), (client = storageOf(system(), name, options)));
      return client[call](argument);
    },
  });
}

/** What a promise was rejected with; `{ value }` if it was not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
}
