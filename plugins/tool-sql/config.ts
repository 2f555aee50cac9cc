/** The configuration of what `sqlTools` makes. */
import { choiceKey, configSchema, countKey, type ToolLimits, toolLimits } from "../../core/index.ts";

export interface SqlToolsConfig extends ToolLimits {
  /** `grant`: there is a tool `execute`, for statements that write, each of which somebody has to approve of. Default `deny`. */
  readonly writes: "deny" | "grant";
  /** Of one answer. Default 200. */
  readonly maxRows: number;
  /** Of its rows, as JSON. Default 262,144. */
  readonly maxBytes: number;
}

export const sqlToolsConfig = configSchema<SqlToolsConfig>({
  ...toolLimits,
  writes: choiceKey("deny", ["deny", "grant"]),
  maxRows: countKey(200, 1, 100_000),
  maxBytes: countKey(262_144, 1),
});
