/**
 * Counts how often each thing was seen.
 *
 * Calls of the capability `tallies`: `add({ of, by })` answers the new count, `count(of)` the count; `full`, a RuntimeError, is
 * the answer where there are more things than it may keep. Publishes `plugin.tally.new` with `{ of }` when something is seen first.
 */
import { definePlugin, RuntimeError } from "mofa";

/**
 * @typedef {object} Settings
 * @property {number} limit Different things that are kept at most. Default 1,000.
 */

/**
 * Any Standard Schema will do: that of zod, valibot and others, or one by hand, as here. Each wrong key is an issue of its own.
 * @type {import("mofa").StandardSchema<Settings>}
 */
const settings = {
  "~standard": {
    version: 1,
    vendor: "mofa-plugin-tally",
    validate(given) {
      const { limit = 1_000, ...others } = /** @type {Record<string, unknown>} */ (given ?? {});
      const issues = Object.keys(others).map((key) => ({
        message: "there is no such key: it takes limit",
        path: [key],
      }));
      if (typeof limit === "number" && Number.isInteger(limit) && limit > 0 && issues.length === 0)
        return { value: { limit } };
      if (typeof limit !== "number" || !Number.isInteger(limit) || limit <= 0)
        issues.push({ message: `is a whole number from 1, got ${String(limit)}`, path: ["limit"] });
      return { issues };
    },
  },
};

export const tally = definePlugin({
  name: "tally",
  version: "0.1.0",
  config: settings,
  provides: [{ name: "tallies", version: "0.1.0" }],
  behaviour: {
    init: ({ limit }) => ({ limit, counts: /** @type {Map<string, number>} */ (new Map()) }),
    calls: {
      /** @param {{ of: string, by?: number }} what */
      add(state, what, bus) {
        const { of, by = 1 } = what;
        const before = state.counts.get(of);
        if (before === undefined) {
          // What a caller has to reckon with is a RuntimeError: it is the answer, and the plugin goes on.
          if (state.counts.size >= state.limit)
            throw new RuntimeError("full", `there are ${state.limit} things already`);
          void bus.publish("new", { of });
        }
        state.counts.set(of, (before ?? 0) + by);
        return (before ?? 0) + by;
      },
      /** @param {string} of */
      count: (state, of) => state.counts.get(of) ?? 0,
    },
    health: ({ counts, limit }) => ({
      status: counts.size < limit ? "up" : "degraded",
      detail: `${counts.size} of ${limit} things`,
    }),
    configure(state, next) {
      state.limit = next.limit;
    },
  },
});
