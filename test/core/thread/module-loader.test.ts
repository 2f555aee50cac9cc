/** One thread loads modules; which code counts as part of a load. */
import { expect, test } from "@jest/globals";
import { ModuleLoader } from "../../../core/thread/module-loader.ts";
import { startSystem } from "../../../index.ts";

test("a module that never ends loading is given up, and keeps nobody else from starting a system", async () => {
  const loader = new ModuleLoader(50);
  const stuck = "data:text/javascript,await new Promise(() => undefined)";
  const load = loader.load(stuck);
  // While it is under way, and after it was given up.
  await (await startSystem({ threads: 1, spare: false })).stop();
  await expect(load).rejects.toMatchObject({ code: "load_timeout" });
  await expect(loader.load(stuck)).rejects.toMatchObject({ code: "deadlocked_load" });
  await (await startSystem({ threads: 1, spare: false })).stop();
});

test("a module may not start a system while it is loaded; its functions may, when others call them", async () => {
  const url = new URL("../../fixtures/modules/starts-a-system.js", import.meta.url).href;
  const exports = await new ModuleLoader(60_000).load(url);
  expect(exports["atTopLevel"]).toBe("started_while_loading");
  expect(await (exports["start"] as () => Promise<string>)()).toBe("started");
});
