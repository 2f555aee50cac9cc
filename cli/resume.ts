/** `mofa resume <actor>`: lets through what `mofa pause` holds back. */
import { targetCommand } from "./attach/target-command.ts";

export const { describe, run } = targetCommand((target) => ({ verb: "resume", target }), "resumed");
