/** A storage plugin that runs in a system of a test, and how its calls are asked. */
import type { StorageCalls } from "../../../core/index.ts";
import type { MofaSystem } from "../../../index.ts";

/** The calls as promises, by the plugin's actor. */
export type Store = {
  readonly [N in keyof StorageCalls]: (
    ...argument: Parameters<StorageCalls[N]>
  ) => Promise<ReturnType<StorageCalls[N]>>;
};

/** @param name of the plugin */
export function storeOf(system: () => MofaSystem, name: string): Store {
  return new Proxy({} as Store, {
    get: (_target, call) => (argument: unknown) => system().call(`plugin.${name}`, String(call), argument),
  });
}

/** What a promise was rejected with; `{ value }` if it was not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
}
