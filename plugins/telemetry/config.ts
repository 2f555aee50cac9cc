/** The configuration of `telemetry`. */
import { type ConfigKey, configSchema } from "../../core/index.ts";

export interface TelemetryConfig {
  /** Whether spans have what was said to models and tools, and what they have answered. Default false: nothing of it leaves the actors. */
  readonly captureContent: boolean;
}

const captureContent: ConfigKey<boolean> = {
  initial: false,
  isRight: (value) => typeof value === "boolean",
  what: "is true or false",
};

export const telemetryConfig = configSchema<TelemetryConfig>({ captureContent });
