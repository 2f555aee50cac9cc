/** A model that asks others: the next where one fails, by the class of its failure. Needs `npm install cockatiel`. */
import {
  defineModel,
  type ModelHandlers,
  modelOf,
  modelVersion,
  type Plugin,
  type PluginBus,
  RuntimeError,
  storageCapability,
  storageOf,
} from "../../core/index.ts";
import { BudgetBook } from "./budget-book.ts";
import { checkedRoutes, type RouteTo } from "./checked-routes.ts";
import { routerConfig } from "./config.ts";
import { Ledger } from "./ledger.ts";
import { PriceTable } from "./prices.ts";
import { RateLimit } from "./rate-limit.ts";

export type { BudgetTable } from "./budget-table.ts";
export type { Route, RouteTo } from "./checked-routes.ts";
export type { RouterConfig } from "./config.ts";
export type { Price, Prices } from "./prices.ts";
export type { RateLimits } from "./rate-limit.ts";

export interface RoutedModels {
  /** In the order in which they are asked. One plugin may stand there several times, with a model each. */
  readonly over: readonly [RouteTo, ...RouteTo[]];
  /** Its own name. Default `llm-router`. */
  readonly name?: string;
  /** It requires a storage plugin, and keeps there the budgets that requests name. Default false: such a request is refused. */
  readonly keepsBudgets?: boolean;
}

/** With `getBatch`. */
const neededStorage = "0.1.2";
/** Clocks of machines that share a store may be so far apart. */
const holdMoreMs = 3_600_000;

/** @throws RuntimeError `bad_argument`. */
export function routeModels({ over, name = "llm-router", keepsBudgets = false }: RoutedModels): Plugin<ModelHandlers> {
  const routes = checkedRoutes(over);
  return defineModel({
    name,
    version: "0.1.0",
    packages: [{ name: "cockatiel", version: "4.0.0" }],
    requires: [
      ...[...new Set(routes.map(({ plugin }) => plugin))].map((one) => ({ name: one, version: modelVersion })),
      ...(keepsBudgets ? [{ name: storageCapability.name, version: neededStorage }] : []),
    ],
    config: { schema: routerConfig },
    async open(config, signal, bus) {
      const { budgets, currency, timeoutMs } = config;
      if (!keepsBudgets && Object.keys(budgets).length > 0)
        throw new RuntimeError(
          "bad_configuration",
          `${name}: budgets are kept in a store: routeModels({ keepsBudgets: true })`,
        );
      const load = Promise.all([import("./router-driver.ts"), import("./target.ts")]);
      const [{ RouterDriver }, { Target }] = await load.catch((error: unknown) => {
        throw new RuntimeError("module_failed", `${name} needs the package cockatiel: npm install cockatiel`, {
          cause: error,
        });
      });
      const nowMs = () => bus.wallMs();
      const rates = routes.map((route) => RateLimit.of(route, config.rateWaitMaxMs, nowMs));
      const targets = () =>
        routes.map((route, at) => new Target(route, modelOf(bus, route.plugin), rates[at] as RateLimit, config));
      const book = keepsBudgets
        ? new BudgetBook(name, new Ledger(storageOf(bus), signal), budgets, currency, timeoutMs + holdMoreMs, nowMs)
        : undefined;
      const prices = new PriceTable(config.prices, currency);
      const log: PluginBus["log"] = (level, text, data) => bus.log(level, text, data);
      return new RouterDriver(name, { chat: targets(), embed: targets() }, { config, prices, book, log });
    },
  });
}
