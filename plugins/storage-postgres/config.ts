/** The configuration of `storage-postgres`. */
import { configSchema, countKey, optionalUrlKey, textKey, urlKey } from "../../core/index.ts";

export interface PostgresConfig {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** The schema that has the tables; made when it is not there. Small letters, digits and `_`. Default `mofa`. */
  readonly schema: string;
  /** Connections at most. Default 4. */
  readonly poolSize: number;
  /** Time to get one, also while all are in use. Default 5,000. */
  readonly connectTimeoutMs: number;
  /** Time for one statement, also one that waits for another process's group of writes; 0: no limit. Default 30,000. */
  readonly statementTimeoutMs: number;
  /** Time without a word on a connection, after which it is closed: what waits for an answer fails. 0: no limit. Longer than `statementTimeoutMs`. Default 40,000. */
  readonly silenceTimeoutMs: number;
  /** The database that the contract of SQL asks, as a role that sees nothing of the store. Default none. */
  readonly sqlUrl: string;
}

/** What the store's driver has to know. */
export type PostgresStore = Omit<PostgresConfig, "sqlUrl">;

export const postgresConfig = configSchema<PostgresConfig>({
  url: urlKey(["postgres", "postgresql"]),
  schema: textKey("mofa", /^[a-z_][a-z0-9_]{0,62}$/, "is 1 to 63 small letters, digits and _, first no digit"),
  poolSize: countKey(4, 1, 1_000),
  connectTimeoutMs: countKey(5_000, 1),
  statementTimeoutMs: countKey(30_000, 0),
  silenceTimeoutMs: countKey(40_000, 0),
  sqlUrl: optionalUrlKey(["postgres", "postgresql"]),
});
