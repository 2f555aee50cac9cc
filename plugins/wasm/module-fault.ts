/** What goes wrong in the thread of a module, as it is told to the plugin's actor. Not the runtime's error: its room is not loaded there. */
import { engine } from "./engine.ts";
import type { FaultCode } from "./thread-protocol.ts";

export class ModuleFault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string) {
    super(message);
    this.name = "ModuleFault";
    this.code = code;
  }
}

/** What a module has thrown: a trap, an overflow of its stack, an exception that it does not catch, or a fault of its host. */
export function faultOf(thrown: unknown): ModuleFault {
  if (thrown instanceof ModuleFault) return thrown;
  if (thrown instanceof engine.CompileError || thrown instanceof engine.LinkError)
    return new ModuleFault("wasm_refused", thrown.message);
  if (thrown instanceof engine.Exception)
    return new ModuleFault("wasm_trap", "the module threw an exception that it does not catch");
  return new ModuleFault(
    "wasm_trap",
    `the module trapped: ${thrown instanceof Error ? thrown.message : "it threw no error"}`,
  );
}
