/** `mofa pause <actor>`: holds its messages back until `mofa resume`. */
import { targetCommand } from "./attach/target-command.ts";

export const { describe, run } = targetCommand((target) => ({ verb: "pause", target }), "paused");
