/** What becomes of a driver when its plugin ends. Not in every placement: the plugin shares a thread. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "@jest/globals";
import type { Ref } from "../../../index.ts";
import { toldStore } from "../../fixtures/told-store.ts";
import { failureOf, storeOf } from "../../plugins/storage/store.ts";
import { next } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
const store = storeOf(system, "told-store");
const folder = mkdtempSync(join(tmpdir(), "mofa-told-"));
const file = join(folder, "told");
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => writeFileSync(file, ""));

const lines = () => readFileSync(file, "utf8").split("\n").slice(0, -1);
const plugin = () => system().whereis("plugin.told-store") as Ref;

/** What is done last is told by no event. */
async function said(line: string, times: number): Promise<string[]> {
  for (let look = 0; lines().filter((one) => one === line).length < times && look < 10_000; look++)
    await new Promise(setImmediate);
  return lines();
}

test("a plugin that is stopped has closed its driver, once", async () => {
  const handle = await system().startPlugins([{ plugin: toldStore, config: { file } }]);
  system().exit(handle.ref, "shutdown");
  await handle.exit;
  // On the same thread, and so behind whatever the first has left to be done.
  const after = await system().startPlugins([{ plugin: toldStore, config: { file } }]);
  expect(lines()).toEqual(["opening", "opened", "closed", "opening", "opened"]);
  system().exit(after.ref, "shutdown");
  await after.exit;
});

test("one that is killed has its driver closed, once, and so has the next", async () => {
  const handle = await system().startPlugins([{ plugin: toldStore, config: { file } }]);
  const restarted = next(system(), "restarted");
  system().exit(plugin(), "kill");
  await restarted;
  expect((await said("closed", 1)).sort()).toEqual(["closed", "opened", "opened", "opening", "opening"]);
  system().exit(handle.ref, "shutdown");
  await handle.exit;
  expect((await said("closed", 2)).filter((line) => line === "closed")).toHaveLength(2);
});

test("one that is killed while it opens is told so, and what it opens all the same is closed", async () => {
  const started = system().startPlugins([{ plugin: toldStore, config: { file, opens: "late" } }]);
  await said("opening", 1);
  system().exit(plugin(), "kill");
  await expect(started).rejects.toMatchObject({ code: "start_failed" });
  expect(await said("closed", 1)).toEqual(["opening", "opened", "closed"]);
});

test.each(["well", "by a throw"])(
  "one that is interrupted while it opens has not started, and what it opens is closed %s",
  async (closes) => {
    const started = system().startPlugins([{ plugin: toldStore, config: { file, opens: "late", closes } }]);
    started.catch(() => undefined);
    await said("opening", 1);
    expect(await system().interrupt(plugin(), { reason: "too late" })).toBe(true);
    await expect(started).rejects.toMatchObject({ code: "start_failed", message: expect.stringMatching(/too late/) });
    expect(lines()).toEqual(["opening", "opened", "closed"]);
  },
);

test("one that is killed goes on with no search, and begins none", async () => {
  const handle = await system().startPlugins([{ plugin: toldStore, config: { file } }]);
  const search = (pages: number) => store.searchVectors({ collection: String(pages), vector: [1], k: 1 });
  const restarted = next(system(), "restarted");
  const searches = [search(100_000), search(10)].map(failureOf);
  await said("page of 100000", 1);
  await store.get("behind both");
  system().exit(plugin(), "kill");
  await restarted;
  for (const error of await Promise.all(searches)) expect(error).toMatchObject({ code: "killed" });
  await said("closed", 1);
  // On the same thread, where the others would come on as much.
  expect(await search(20)).toEqual([]);
  const after = lines().slice(lines().indexOf("closed") + 1);
  expect(after.filter((line) => line.startsWith("page"))).toEqual(Array(20).fill("page of 20"));
  system().exit(handle.ref, "shutdown");
  await handle.exit;
});
