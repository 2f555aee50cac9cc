/** `telemetry` where no SDK is registered: nothing is asked of the kernels, and nothing is told. */
import { expect, test } from "@jest/globals";
import { startSystem } from "../../../index.ts";
import { telemetry } from "../../../plugins/telemetry/index.ts";
import { asker } from "../../fixtures/asking-actors.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const trace = `00-${traceId}-b7ad6b7169203331-01`;

// Not by `useSystem`, whose recorder listens to everything.
test("it says so, and no operation is begun for it", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  await system.startPlugins([telemetry]);
  const actor = await system.spawn(asker, undefined, { placement: { thread: 1 } });
  expect(await system.call("plugin.telemetry", "health")).toEqual({
    status: "up",
    detail: "nothing: no SDK of OpenTelemetry was registered before this plugin was started",
  });
  expect(await actor.call("begin", "x", { trace })).toBe(trace);
});
