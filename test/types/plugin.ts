/** Types only: compiled, never run. A line that stops being an error fails the build. */
import { defineStorage, type StorageDriver } from "../../core/index.ts";
import { definePlugin } from "../../core/plugin.ts";
import type { PluginUse } from "../../supervisors/index.ts";

const named = { name: "one", version: "1.0.0" };
declare const driver: StorageDriver;

export const blocks = definePlugin({ ...named, isolation: "thread", behaviour: {} });
export const byUse = definePlugin({
  ...named,
  isolation: ({ isSlow }) => (isSlow === true ? "thread" : "shared"),
  behaviour: {},
});
export const store = defineStorage({ ...named, isolation: "process", open: () => Promise.resolve(driver) });
export const use: PluginUse = { plugin: blocks, isolation: "shared" };

// @ts-expect-error no such isolation
definePlugin({ ...named, isolation: "fiber", behaviour: {} });
// @ts-expect-error its function gives one
definePlugin({ ...named, isolation: () => "fiber", behaviour: {} });
const bySlowness = ({ isSlow }: { isSlow: boolean }) => (isSlow ? "thread" : "shared");
// @ts-expect-error what a use says may be anything, until it was checked
definePlugin({ ...named, isolation: bySlowness, behaviour: {} });
// @ts-expect-error nor is it for a plugin to say how much heap there is
definePlugin({ ...named, isolation: "thread", heapMb: 64, behaviour: {} });
