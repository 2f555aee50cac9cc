/** Storage in one SQLite file, by the driver that Node has built in. Give it a thread of its own: `isolation: "thread"`. */
import { defineStorage, type StandardIssue, type StandardSchema } from "../../core/index.ts";
import { type SqliteConfig, SqliteDriver } from "./sqlite-driver.ts";

const schema: StandardSchema<SqliteConfig> = {
  "~standard": {
    version: 1,
    vendor: "mofa",
    validate(value) {
      const {
        file,
        durability = "full",
        busyTimeoutMs = 5_000,
        maxPages = 0,
        ...rest
      } = (value ?? {}) as Readonly<Record<string, unknown>>;
      const issues: StandardIssue[] = Object.keys(rest).map((key) => ({
        message: "there is no such key",
        path: [key],
      }));
      if (typeof file !== "string" || file === "") issues.push({ message: "is the path of a file", path: ["file"] });
      if (durability !== "full" && durability !== "normal")
        issues.push({ message: 'is "full" or "normal"', path: ["durability"] });
      if (!isCount(busyTimeoutMs))
        issues.push({ message: "is a whole number of milliseconds", path: ["busyTimeoutMs"] });
      if (!isCount(maxPages)) issues.push({ message: "is a whole number of pages from 0", path: ["maxPages"] });
      return issues.length > 0 ? { issues } : { value: { file, durability, busyTimeoutMs, maxPages } as SqliteConfig };
    },
  },
};

export const storageSqlite = defineStorage({
  name: "storage-sqlite",
  version: "0.1.0",
  config: schema,
  open: (config) => Promise.resolve().then(() => new SqliteDriver(config)),
});

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}
