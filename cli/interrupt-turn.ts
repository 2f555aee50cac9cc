/** `mofa interrupt <actor>`: asks its turn that is under way to end; an actor that bears that lives on. */
import { targetCommand } from "./attach/target-command.ts";

export const { describe, run } = targetCommand(
  (target) => ({ verb: "interrupt", target }),
  (wasUnderWay) => (wasUnderWay === true ? "interrupted" : "was at nothing"),
);
