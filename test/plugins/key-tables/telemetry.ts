/** What users see of each key of `telemetry`. */
import { modelOf } from "../../../index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { telemetryConfig } from "../../../plugins/telemetry/config.ts";
import { telemetry } from "../../../plugins/telemetry/index.ts";
import { registerSdk, traceSdk } from "../../support/telemetry-sdk.ts";
import type { KeyTable } from "./key-table.ts";

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

export const table: KeyTable = {
  plugin: telemetry,
  name: "telemetry",
  schema: telemetryConfig,
  base: {},
  needs: traceSdk,
  keys: {
    captureContent: {
      changed: true,
      async look({ system, start }) {
        await using sdk = await registerSdk();
        await start();
        const models = await system.startPlugins([llmScripted]);
        await modelOf(system, "llm-scripted")
          .chat({ messages: [{ role: "user", content: "what I say" }] }, { trace })
          .answer();
        while (sdk.spans().length === 0) await system.settled();
        system.exit(models.ref, "shutdown");
        await models.exit;
        return sdk.spans().map(({ attributes }) => attributes["gen_ai.input.messages"] ?? "not said");
      },
    },
  },
};
