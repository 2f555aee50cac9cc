/** Runs the plugin `module` of a system with one module after the other. */
import { afterEach } from "@jest/globals";
import type { MofaSystem, PluginUse, SupervisorHandle } from "../../index.ts";
import type { WasmConfig } from "../../plugins/wasm/index.ts";
import { module as plugin } from "../fixtures/wasm-plugins.ts";
import { type AbiText, abiModule } from "./wat.ts";

export interface WasmRunner {
  /** Starts it; it is stopped after the test. */
  start(config: Partial<WasmConfig>, use?: Partial<PluginUse>): Promise<SupervisorHandle>;
  /** A module that keeps to the ABI. */
  startAbi(text: AbiText, config?: Partial<WasmConfig>, use?: Partial<PluginUse>): Promise<SupervisorHandle>;
  call(name: string, argument?: unknown): Promise<unknown>;
  /** What the call, or the start, fails with. */
  failure(promise: Promise<unknown>): Promise<unknown>;
}

/** Once in a file; every plugin of it is stopped after each test. */
export function useWasm(system: () => MofaSystem): WasmRunner {
  let handles: SupervisorHandle[] = [];
  afterEach(async () => {
    for (const handle of handles) {
      system().exit(handle.ref, "shutdown");
      await handle.exit;
    }
    handles = [];
  });
  const start: WasmRunner["start"] = async (config, use = {}) => {
    const handle = await system().startPlugins([{ plugin, config, ...use }]);
    handles.push(handle);
    return handle;
  };
  return {
    start,
    startAbi: async (text, config = {}, use = {}) =>
      await start({ kind: "bytes", module: abiModule(text), ...config }, use),
    call: async (name, argument) => await system().call("plugin.module", name, argument),
    failure: async (promise) =>
      await promise.then(
        (value) => ({ value }),
        (error: unknown) => error,
      ),
  };
}
