/** The configuration of `prometheus`. */
import { type ConfigKey, configSchema, countKey, textKey } from "../../core/index.ts";

export interface PrometheusConfig {
  /** The address to listen at. Default `127.0.0.1`: programs of this machine alone can ask. */
  readonly host: string;
  /** Default 9464; 0: any free one, which the call `address` tells. */
  readonly port: number;
  /** Series that each metric with names of others in its labels (models, tools, supervisors) may have; beyond them those that are used least are counted as `other`. Default 100. */
  readonly maxSeries: number;
}

const host: ConfigKey<string> = textKey(
  "127.0.0.1",
  /^[A-Za-z0-9.:_-]{1,255}$/,
  "is the name or the address of a host",
);

export const prometheusConfig = configSchema<PrometheusConfig>({
  host,
  port: countKey(9_464, 0, 65_535),
  maxSeries: countKey(100, 1, 10_000),
});
