/** The stream that a caller reads. */
import type { StreamWriter } from "../actor/context.ts";
import { RuntimeError } from "../errors.ts";
import type { CallToken, PluginBus } from "../plugin/plugin-bus.ts";

/** Undefined: the caller wants the answer alone. */
export function streamOf(bus: PluginBus, from: CallToken): StreamWriter | undefined {
  try {
    return bus.stream(from);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === "bad_argument") return undefined;
    throw error;
  }
}
