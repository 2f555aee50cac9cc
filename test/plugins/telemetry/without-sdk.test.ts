/** `telemetry` where no SDK is registered: nothing is asked of the kernels, and nothing is told. */
import { expect, test } from "@jest/globals";
import { modelOf } from "../../../index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { telemetry } from "../../../plugins/telemetry/index.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });

test("it says so, and hears of nothing", async () => {
  const handle = await system().startPlugins([telemetry, llmScripted]);
  expect(await system().call("plugin.telemetry", "health")).toEqual({
    status: "up",
    detail: "nothing: no SDK of OpenTelemetry was registered before this plugin was started",
  });
  system().exit(handle.ref, "shutdown");
  await handle.exit;
});
