/** What users see of each key of `prometheus`. */
import { modelOf } from "../../../index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { prometheusConfig } from "../../../plugins/prometheus/config.ts";
import { type EndpointAddress, prometheus } from "../../../plugins/prometheus/index.ts";
import { get, parsed } from "../../support/scrape.ts";
import { type KeyRun, type KeyTable, outcomeOf } from "./key-table.ts";

async function address({ call }: KeyRun): Promise<EndpointAddress> {
  const outcome = await call("address");
  if ("code" in outcome) throw new Error(`address: ${String(outcome.code)}`);
  return outcome.value as EndpointAddress;
}

export const table: KeyTable = {
  plugin: prometheus,
  name: "prometheus",
  schema: prometheusConfig,
  base: { port: 0 },
  keys: {
    host: {
      changed: "127.0.0.2",
      async look(run) {
        await run.start();
        return (await address(run)).host;
      },
    },
    port: {
      changed: 0,
      // Somebody else of this machine may have the default: then the failure says that it was asked for.
      async look(run) {
        const failure = await run.start().then(
          () => undefined,
          (error: unknown) => (error as Error).message,
        );
        return failure === undefined ? (await address(run)).port === 9_464 : failure.includes(":9464 ");
      },
    },
    maxSeries: {
      changed: 2,
      async look(run) {
        await run.start();
        const { system } = run;
        const models = await system.startPlugins([llmScripted]);
        for (const model of ["a", "b", "c", "d"])
          await outcomeOf(
            modelOf(system, "llm-scripted")
              .chat({ model, messages: [{ role: "user", content: "x" }] })
              .answer(),
          );
        await system.settled();
        const { values } = parsed((await get((await address(run)).url)).text);
        system.exit(models.ref, "shutdown");
        await models.exit;
        return [...values.keys()].filter((series) => series.startsWith("mofa_operation_seconds_count")).length;
      },
    },
  },
};
