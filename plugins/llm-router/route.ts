/** What a failure means for who is asked next. */
import type { ModelErrorCode } from "../../core/index.ts";

/** `again`: the same model may answer the next time. `next`: another may. `end`: none would answer otherwise. */
export type Route = "again" | "next" | "end";

const ofModels: Readonly<Record<ModelErrorCode, Route>> = {
  model_network: "again",
  model_overloaded: "again",
  model_protocol: "again",
  model_rate_limit: "again",
  model_output: "again",
  model_auth: "next",
  model_context: "next",
  model_failed: "next",
  model_quota: "next",
  model_unknown: "next",
  model_budget: "end",
  model_refused: "end",
  model_rejected: "end",
};

/** What a plugin fails with beside: it is being started again, is full, or too slow. */
const ofPlugins = ["timeout", "queue_full", "noproc", "killed", "crashed", "shutdown", "thread_lost", "process_lost"];

const routes = new Map<string, Route>([
  ...Object.entries(ofModels),
  ...ofPlugins.map((code): [string, Route] => [code, "next"]),
]);

export function routeOf(code: string): Route {
  return routes.get(code) ?? "end";
}

/** Whether the model, its key or its plugin is unwell, and not what it was asked. */
export function isUnwell(code: string): boolean {
  return routeOf(code) !== "end" && code !== "model_output" && code !== "model_context";
}
