/** The configuration of `storage-mysql`. */
import { configSchema, countKey, optionalUrlKey, textKey, urlKey } from "../../core/index.ts";

export interface MysqlConfig {
  /** `mysql://user:password@host:port/database`; the database is there. */
  readonly url: string;
  /** Before the names of the tables, which are made when they are not there. Small letters, digits and `_`. Default `mofa_`. */
  readonly tablePrefix: string;
  /** Connections at most. Default 4. */
  readonly poolSize: number;
  /** Time to get one, also while all are in use. Default 5,000. */
  readonly connectTimeoutMs: number;
  /** Time for another process's group of writes to end, in whole seconds. Default 30. */
  readonly lockTimeoutS: number;
  /** Time without a word on a connection, after which it is closed: what waits for an answer fails. 0: no limit. Longer than `lockTimeoutS`. Default 40,000. */
  readonly silenceTimeoutMs: number;
  /** The database that the contract of SQL asks, as a user that sees nothing of the store. Default none. */
  readonly sqlUrl: string;
}

/** What the store's driver has to know. */
export type MysqlStore = Omit<MysqlConfig, "sqlUrl">;

export const mysqlConfig = configSchema<MysqlConfig>({
  url: urlKey(["mysql", "mariadb"]),
  tablePrefix: textKey("mofa_", /^[a-z0-9_]{1,40}$/, "is 1 to 40 small letters, digits and _"),
  poolSize: countKey(4, 1, 1_000),
  connectTimeoutMs: countKey(5_000, 1),
  lockTimeoutS: countKey(30, 1, 1_000_000, "seconds"),
  silenceTimeoutMs: countKey(40_000, 0),
  sqlUrl: optionalUrlKey(["mysql", "mariadb"]),
});
