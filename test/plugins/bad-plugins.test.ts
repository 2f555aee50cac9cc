/** Plugins that cannot be, or do not behave: each has an outcome that is defined. Those that hang do so in each isolation. */
import { afterEach, describe, expect, test } from "@jest/globals";
import type { AnyPlugin, Isolation, PluginUse, Ref, SupervisorHandle } from "../../index.ts";
import {
  chicken,
  egg,
  frail,
  hangs,
  keeper,
  modest,
  needy,
  nosy,
  otherEgg,
  patron,
  thief,
  vain,
  weary,
} from "../fixtures/bad-plugins.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
let handle: SupervisorHandle | undefined;

async function end(): Promise<void> {
  if (handle === undefined) return;
  if (system().isAlive(handle.ref)) system().exit(handle.ref, "shutdown");
  await handle.exit;
  handle = undefined;
}

afterEach(end);

const failure = async (promise: Promise<unknown>) =>
  await promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );

test.each<[string, (AnyPlugin | PluginUse)[], object]>([
  [
    "that require one another in a circle",
    [chicken, keeper, egg],
    {
      code: "plugin_cycle",
      message:
        "plugins require one another in a circle: chicken -> egg -> chicken; what two of them need of each other belongs into a third",
    },
  ],
  [
    "of which one requires what it provides itself",
    [keeper, vain],
    {
      code: "plugin_cycle",
      message:
        "plugins require one another in a circle: vain -> vain; what two of them need of each other belongs into a third",
    },
  ],
  [
    "of which two provide one capability",
    [keeper, egg, otherEgg, chicken],
    { code: "plugin_conflict", message: "capability eggs is provided by both egg and other-egg: one of them must go" },
  ],
  [
    "of which one needs packages that are not there",
    [keeper, needy],
    {
      code: "package_missing",
      message: expect.stringMatching(
        /^plugin needy needs the package no-such-package-of-mofa from 3.0.0 on, which is not installed: npm install no-such-package-of-mofa@3\nplugin needy needs the package commander from 99.0.0 on, and 14\.\d+\.\d+ is installed: npm install commander@99$/,
      ),
    },
  ],
])("plugins %s: none of them is started", async (_what, plugins, error) => {
  expect(await failure(system().startPlugins(plugins))).toMatchObject(error);
  expect(await system().plugins()).toEqual([]);
  expect(system().whereis("plugin.keeper")).toBeUndefined();
});

test("a plugin that provides what a running one does is refused, and that one goes on", async () => {
  handle = await system().startPlugins([otherEgg]);
  expect(await failure(system().startPlugins([keeper, egg, chicken]))).toMatchObject({
    code: "plugin_conflict",
    message: "capability eggs is provided by both other-egg and egg: one of them must go",
  });
  expect((await system().plugins()).map(({ name, state }) => [name, state])).toEqual([["other-egg", "running"]]);
});

test("a package that only some of its configurations need is told as missing, and the plugin runs", async () => {
  handle = await system().startPlugins([modest]);
  expect(await system().plugins()).toMatchObject([
    {
      state: "running",
      packages: [
        { name: "commander", installed: expect.stringMatching(/^14\./), install: undefined },
        { for: "large files", installed: undefined, install: "npm install no-such-package-of-mofa@3" },
      ],
    },
  ]);
});

describe.each<Isolation>(["shared", "thread", "process"])("isolation %s", (isolation) => {
  describe.each(["waits", "loops"] as const)("a plugin that %s", (how) => {
    const use = (at: "start" | "stop"): PluginUse => ({ plugin: hangs, config: { at, how }, isolation });

    // A process has to be up before anything can hang in it.
    const startTimeoutMs = isolation === "process" ? 3_000 : 200;

    test("at its start is given up after startTimeoutMs, and leaves nobody", async () => {
      const started = system().startPlugins([keeper, { ...use("start"), startTimeoutMs }]);
      expect(await failure(started)).toMatchObject({
        code: "start_failed",
        message: expect.stringContaining("init_timeout"),
      });
      expect([system().whereis("plugin.hangs"), system().whereis("plugin.keeper")]).toEqual([undefined, undefined]);
    });

    test("at its stop is killed after its shutdown time, and those before it stop as well", async () => {
      handle = await system().startPlugins([keeper, { ...use("stop"), shutdown: 200 }]);
      const { down } = await system().monitor(system().whereis("plugin.hangs") as Ref);
      await end();
      expect((await down).reason).toBe("killed");
      expect(system().whereis("plugin.keeper")).toBeUndefined();
    });
  });

  test("who asks a plugin, or streams with it, gives it no way to call back", async () => {
    handle = await system().startPlugins([patron, { plugin: nosy, isolation }]);
    await system().call("plugin.patron", "visit");
    expect(await system().call("plugin.patron", "listen")).toEqual({
      names: ["cancel", "constructor", "next", "result", "return"],
      heard: [["constructor", "end", "fail", "signal", "write"]],
      result: "the end",
    });
    expect(await system().call("plugin.nosy", "tell")).toEqual(["nobody", "nobody"]);
  });

  test("a plugin that dies too often is given up with its list, and is told of as that", async () => {
    handle = await system().startPlugins([keeper, { plugin: frail, isolation }], { intensity: 1, periodMs: 60_000 });
    const restarted = new Promise((resolve) => system().events.on("restarted", resolve));
    expect(await failure(system().call("plugin.frail", "die"))).toMatchObject({ code: "crashed" });
    await restarted;
    expect((await system().plugins()).map(({ name, state }) => [name, state])).toEqual([
      ["keeper", "running"],
      ["frail", "running"],
    ]);
    await failure(system().call("plugin.frail", "die"));
    expect(await handle.exit).toBe("shutdown");
    expect(await system().plugins()).toMatchObject([
      { name: "keeper", state: "given_up", ref: undefined, health: { status: "down", detail: "it does not run" } },
      { name: "frail", state: "given_up", ref: undefined },
    ]);
    // Its name and what it provided are free.
    handle = await system().startPlugins([keeper, frail]);
    await end();
    expect(await system().plugins()).toEqual([]);
  });
});

// In a thread that it shares: in one of its own it would be there for the first time.
test("a plugin whose second start takes long is restarting, and down, until that is over", async () => {
  handle = await system().startPlugins([keeper, { plugin: weary, shutdown: 50 }]);
  expect(await failure(system().call("plugin.weary", "die"))).toMatchObject({ code: "crashed" });
  // Till then nobody has its name.
  while (system().whereis("plugin.weary") === undefined)
    expect((await system().plugins())[1]).toMatchObject({ state: "restarting", health: { status: "down" } });
  expect(await system().plugins()).toMatchObject([
    { name: "keeper", state: "running", health: { status: "up" } },
    { name: "weary", state: "restarting", health: { status: "down", detail: "its start is not over" } },
  ]);
});

// Both in the one worker thread, where an answer is the very object.
test("what a plugin gives another cannot be changed by that, also in one thread", async () => {
  handle = await system().startPlugins([keeper, thief]);
  const threads = ["plugin.keeper", "plugin.thief"].map((name) => system().whereis(name)?.thread);
  expect(threads).toEqual([1, 1]);
  expect(await system().call("plugin.thief", "steal")).toBe("TypeError");
  expect(await system().call("plugin.keeper", "coins")).toBe(1);
});
