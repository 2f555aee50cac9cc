import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startSystem } from "mofa";
import { tally } from "./plugin.js";

/** @type {import("mofa").MofaSystem} */
let system;
before(async () => {
  system = await startSystem();
});
after(() => system.stop());

/**
 * With the plugin, for as long as `run` takes.
 * @param {Record<string, unknown>} config
 * @param {() => Promise<void>} run
 */
async function withTally(config, run) {
  const handle = await system.startPlugins([{ plugin: tally, config }]);
  try {
    await run();
  } finally {
    system.exit(handle.ref, "shutdown");
    await handle.exit;
  }
}

/**
 * @param {string} name
 * @param {unknown} argument
 */
const call = (name, argument) => system.call("plugin.tally", name, argument);

test("it counts, and is found by what it provides", () =>
  withTally({}, async () => {
    assert.equal(await call("add", { of: "bird" }), 1);
    assert.equal(await call("add", { of: "bird", by: 2 }), 3);
    assert.equal(await system.request("capability.tallies.count", "bird"), 3);
    assert.equal(await call("count", "cat"), 0);
  }));

test("more things than it may keep are refused, and it goes on", () =>
  withTally({ limit: 1 }, async () => {
    await call("add", { of: "bird" });
    await assert.rejects(call("add", { of: "cat" }), { code: "full" });
    assert.equal(await call("add", { of: "bird" }), 2);
    const [plugin] = await system.plugins();
    assert.deepEqual(plugin?.health, { status: "degraded", detail: "1 of 1 things" });
  }));

test("a wrong configuration is refused, with every key that is wrong", async () => {
  const started = system.startPlugins([{ plugin: tally, config: { limit: 0, colour: "red" } }]);
  await assert.rejects(started, { code: "start_failed", message: /colour.*no such key.*limit.*whole number/s });
});
