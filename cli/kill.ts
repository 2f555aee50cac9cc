/** `mofa kill <actor>`: ends it, also in a turn that loops; its supervisor decides what follows. */
import { targetCommand } from "./attach/target-command.ts";

export const { describe, run } = targetCommand((target) => ({ verb: "exit", target, reason: "kill" }), "killed");
