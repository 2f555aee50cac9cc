/** Types only: compiled, never run. A line that stops being an error fails the build. */
import { z } from "zod";
import {
  defineServer,
  defineStorage,
  type PluginBus,
  type StandardSchema,
  type StorageDriver,
} from "../../core/index.ts";
import { definePlugin } from "../../core/plugin.ts";
import type { MofaSystem } from "../../index.ts";
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

export const bears = definePlugin({ ...named, isolation: ["shared", "process"], behaviour: {} });
// @ts-expect-error none that it can bear
definePlugin({ ...named, isolation: [], behaviour: {} });
// @ts-expect-error no such isolation
definePlugin({ ...named, isolation: "fiber", behaviour: {} });
// @ts-expect-error its function gives one
definePlugin({ ...named, isolation: () => "fiber", behaviour: {} });
const bySlowness = ({ isSlow }: { isSlow: boolean }) => (isSlow ? "thread" : "shared");
// @ts-expect-error what a use says may be anything, until it was checked
definePlugin({ ...named, isolation: bySlowness, behaviour: {} });
// @ts-expect-error nor is it for a plugin to say how much heap there is
definePlugin({ ...named, isolation: "thread", heapMb: 64, behaviour: {} });

interface Limits {
  readonly limit: number;
}
declare const limits: StandardSchema<Limits>;

const counter = definePlugin({
  name: "counter",
  version: "1.0.0",
  config: limits,
  requires: [{ name: "names" }, { name: "texts", version: "1.1.0" }],
  provides: [{ name: "counting", version: "1.0.0" }],
  packages: [{ name: "pg", version: "8.0.0", for: "some" }],
  isolation: "thread",
  behaviour: {
    init: ({ limit }) => ({ n: 0, limit }),
    calls: {
      get: (state) => state.n,
      add: (state, by: number) => (state.n += by),
      ask: async (_state, id: number, bus) => await bus.request("names", "get", id),
    },
    health: ({ n, limit }) => ({ status: n > limit ? "degraded" : "up" }),
    configure(state, next, _bus, previous) {
      state.limit = next.limit + previous.limit;
    },
    terminate: (state, _reason, bus) => bus.log("info", String(state.n)),
  },
});

// What it says of itself.
// @ts-expect-error a name is missing
definePlugin({ version: "1.0.0", behaviour: {} });
// @ts-expect-error a version is missing
definePlugin({ name: "bare", behaviour: {} });
// @ts-expect-error a behaviour is missing
definePlugin(named);
// @ts-expect-error a version is a text
definePlugin({ ...named, version: 1, behaviour: {} });
// @ts-expect-error what it provides has a version
definePlugin({ ...named, provides: [{ name: "counting" }], behaviour: {} });
// @ts-expect-error what it provides is a list
definePlugin({ ...named, provides: { name: "counting", version: "1.0.0" }, behaviour: {} });
// @ts-expect-error what it requires is a list of objects
definePlugin({ ...named, requires: ["names"], behaviour: {} });
// @ts-expect-error there is no such key in it
definePlugin({ ...named, requires: [{ name: "names", from: "1.0.0" }], behaviour: {} });
// @ts-expect-error a package has a version
definePlugin({ ...named, packages: [{ name: "pg" }], behaviour: {} });
// @ts-expect-error a plugin has no declaration beside what it provides
definePlugin({ ...named, declaration: { tags: ["mine"] }, behaviour: {} });

// Its configuration.
// @ts-expect-error that is no Standard Schema
definePlugin({ ...named, config: { limit: "number" }, behaviour: {} });
definePlugin({
  ...named,
  config: limits,
  // @ts-expect-error the schema makes no such thing
  behaviour: { init: (config) => config.other },
});
definePlugin({
  ...named,
  config: { schema: limits, environment: { LIMIT: "limit" } },
  // @ts-expect-error a number is no text
  behaviour: { init: (config): string => config.limit },
});
// @ts-expect-error where it comes from has no such key
definePlugin({ ...named, config: { schema: limits, variable: "LIMIT" }, behaviour: {} });
// What a library's schema makes is what `init` gets: with its defaults and what it transforms.
definePlugin({
  ...named,
  config: z.object({ port: z.coerce.number().default(80), hosts: z.string().transform((text) => text.split(",")) }),
  behaviour: {
    init: ({ hosts, port }) => ({ first: hosts[0], next: port + 1 }),
    // @ts-expect-error of a list there is no `split`
    configure: (_state, next) => next.hosts.split(","),
  },
});

// Its behaviour.
definePlugin({
  ...named,
  behaviour: {
    init: () => ({ n: 0 }),
    // @ts-expect-error the state has no such thing
    calls: { get: (state) => state.count },
  },
});
definePlugin({
  ...named,
  behaviour: {
    // @ts-expect-error a plugin has no ctx, and no verb that names an actor
    init: (_config: undefined, bus) => bus.send("somebody", "something"),
  },
});
// @ts-expect-error there is no such status
definePlugin({ ...named, behaviour: { health: () => ({ status: "fine" }) } });
// @ts-expect-error there is no such hook
definePlugin({ ...named, behaviour: { receive: () => undefined } });

export async function checks(system: MofaSystem, bus: PluginBus): Promise<void> {
  const ref = await system.spawn(counter);
  const sum: number = await ref.call("add", 2);
  await ref.call("health");
  // @ts-expect-error a number is wanted
  await ref.call("add", "2");
  // @ts-expect-error no such call
  await ref.call("sub", sum);
  await system.startPlugins([counter, { plugin: counter, config: { limit: 1 }, isolation: "process" }]);
  // @ts-expect-error a server is no plugin
  await system.startPlugins([defineServer({ calls: {} })]);
  // @ts-expect-error there is no such isolation
  await system.startPlugins([{ plugin: counter, isolation: "worker" }]);
  // @ts-expect-error a capability's call has a name
  await bus.request("names");
  // @ts-expect-error the token of a call is no number
  bus.reply(7, "late");
  // @ts-expect-error who has called is not in it
  void bus.from?.caller;
  // @ts-expect-error nor is it one of a server's
  bus.reply({ caller: ref, id: 1 }, "late");
}
