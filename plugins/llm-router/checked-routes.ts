/** Whom a router asks, checked where it is made. */
import { assertKeys, describe, RuntimeError } from "../../core/index.ts";
import type { RateLimits } from "./rate-limit.ts";

/** Whom to ask: a plugin by its name, for a model of its own or for the one that is named here; no more often than its limits say, which are this route's alone. */
export type RouteTo = string | Route;

export interface Route extends RateLimits {
  readonly plugin: string;
  /** Default: what the request names, or else the plugin's own. */
  readonly model?: string | undefined;
}

const routeKeys = [
  "plugin",
  "model",
  "requestsPerMinute",
  "tokensPerMinute",
] as const satisfies readonly (keyof Route)[];

/** @throws RuntimeError `bad_argument`. */
export function checkedRoutes(over: unknown): Route[] {
  if (!Array.isArray(over) || over.length === 0) throw wrong("over is a list of one or more routes", over);
  return Array.from(over, (one: unknown, place) => {
    const where = `over[${place}]`;
    if (typeof one === "string") return { plugin: one };
    assertKeys(`routeModels: ${where}`, one, routeKeys);
    const route = one as Route;
    if (typeof route.plugin !== "string") throw wrong(`${where}.plugin is the name of a plugin`, route.plugin);
    if (route.model !== undefined && (typeof route.model !== "string" || route.model === ""))
      throw wrong(`${where}.model is the name of a model`, route.model);
    for (const key of ["requestsPerMinute", "tokensPerMinute"] as const) {
      const limit = route[key];
      if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1))
        throw wrong(`${where}.${key} is a whole number from 1`, limit);
    }
    return route;
  });
}

function wrong(what: string, got: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `routeModels: ${what}, got ${describe(got)}`);
}
