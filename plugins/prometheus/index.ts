/** A system's metrics at an endpoint that Prometheus scrapes. */
import { definePlugin } from "../../core/index.ts";
import { prometheusConfig } from "./config.ts";
import { Endpoint, type EndpointAddress } from "./endpoint.ts";
import { textOf } from "./exposition.ts";
import { happenings, RuntimeFamilies } from "./runtime-families.ts";

export type { PrometheusConfig } from "./config.ts";
export type { EndpointAddress } from "./endpoint.ts";

interface State {
  readonly endpoint: Endpoint;
  readonly address: EndpointAddress;
}

export const prometheus = definePlugin({
  name: "prometheus",
  version: "0.1.0",
  config: { schema: prometheusConfig },
  observes: true,
  behaviour: {
    async init({ host, port, maxSeries }, bus): Promise<State> {
      const families = new RuntimeFamilies(maxSeries);
      const endpoint = new Endpoint(
        async () => textOf(families.families(await bus.stats())),
        (error) => bus.log("warning", `the endpoint: ${error.message}`),
      );
      bus.signal.addEventListener("abort", () => endpoint.close(), { once: true });
      const address = await endpoint.listen(host, port);
      bus.observe(happenings, (event) => families.happened(event));
      return { endpoint, address };
    },
    calls: {
      /** Where it listens. */
      address: ({ address }: State): EndpointAddress => address,
    },
    health: ({ address }) => ({ status: "up", detail: address.url }),
    terminate: ({ endpoint }) => endpoint.close(),
    format: ({ address }) => address,
  },
});
