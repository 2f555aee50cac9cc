/** A model that asks others: the next where one fails, by the class of its failure. Needs `npm install cockatiel`. */
import { defineModel, type ModelHandlers, modelOf, modelVersion, type Plugin, RuntimeError } from "../../core/index.ts";
import { checkedRoutes, type RouteTo } from "./checked-routes.ts";
import { routerConfig } from "./config.ts";

export type { Route, RouteTo } from "./checked-routes.ts";
export type { RouterConfig } from "./config.ts";
export type { Price, Prices } from "./prices.ts";
export type { RateLimits } from "./rate-limit.ts";

export interface RoutedModels {
  /** In the order in which they are asked. One plugin may stand there several times, with a model each. */
  readonly over: readonly [RouteTo, ...RouteTo[]];
  /** Its own name. Default `llm-router`. */
  readonly name?: string;
}

/** @throws RuntimeError `bad_argument`. */
export function routeModels({ over, name = "llm-router" }: RoutedModels): Plugin<ModelHandlers> {
  const routes = checkedRoutes(over);
  return defineModel({
    name,
    version: "0.1.0",
    packages: [{ name: "cockatiel", version: "4.0.0" }],
    requires: [...new Set(routes.map(({ plugin }) => plugin))].map((one) => ({ name: one, version: modelVersion })),
    config: { schema: routerConfig },
    async open(config, _signal, bus) {
      const load = Promise.all([import("./router-driver.ts"), import("./target.ts")]);
      const [{ RouterDriver }, { Target }] = await load.catch((error: unknown) => {
        throw new RuntimeError("module_failed", `${name} needs the package cockatiel: npm install cockatiel`, {
          cause: error,
        });
      });
      const nowMs = () => bus.wallMs();
      const targets = routes.map((route) => new Target(route, modelOf(bus, route.plugin), config, nowMs));
      return new RouterDriver(name, targets, config);
    },
  });
}
