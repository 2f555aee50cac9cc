/**
 * What does a store cost beside the driver that it stands on: single writes of which 1,000 are asked for at once, beside explicit
 * transactions of 100 by the bare driver, and reads by key? A server is asked where one is named.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pluginPackages } from "../core/index.ts";
import { storageMysql } from "../plugins/storage-mysql/index.ts";
import { storagePostgres } from "../plugins/storage-postgres/index.ts";
import { storageSqlite } from "../plugins/storage-sqlite/index.ts";
import { runFile } from "./command-line.ts";
import type { Absent, Contender, Question } from "./harness.ts";
import { bareDatabase, bareMysql, barePostgres, bareSqlite, withFolder } from "./peers/bare-database.ts";
import { type StoreDeed, store, storeWindow } from "./peers/store.ts";

type Entrants = (deed: StoreDeed) => readonly (Contender | Absent)[];

const sqlite: Entrants = (deed) => {
  const folder = mkdtempSync(join(tmpdir(), "mofa-bench-"));
  const at = (file: string) => join(folder, file);
  const own = (name: string, driver: "node:sqlite" | "sqlite3") =>
    store({
      name,
      deed,
      plugin: "storage-sqlite",
      use: { plugin: storageSqlite, config: { file: at(name), driver } },
    });
  const bare = bareDatabase("bare driver", deed, () => bareSqlite(at("bare")), 1);
  const [sqlite3] = pluginPackages(storageSqlite);
  const other =
    sqlite3?.install === undefined ? own("mofa sqlite3", "sqlite3") : { name: "mofa sqlite3", absent: sqlite3.install };
  return [own("mofa", "node:sqlite"), withFolder(bare, folder), other];
};

/** @param variable of the environment, which names the database */
function server(
  name: string,
  variable: string,
  plugin: Parameters<typeof store>[0]["use"]["plugin"],
  bare: (url: string) => ReturnType<typeof bareSqlite>,
): Entrants {
  return (deed) => {
    const url = process.env[variable];
    if (url === undefined) return [{ name: `mofa ${name}`, absent: `name a database by ${variable}` }];
    const use = { plugin, config: { url }, isolation: "thread" as const };
    return [
      store({ name: "mofa", deed, plugin: `storage-${name}`, use }),
      bareDatabase("bare driver", deed, () => bare(url), storeWindow),
    ];
  };
}

const entrants: Readonly<Record<string, Entrants>> = {
  sqlite,
  postgres: server("postgres", "MOFA_BENCH_POSTGRES", storagePostgres, barePostgres),
  mysql: server("mysql", "MOFA_BENCH_MYSQL", storageMysql, bareMysql),
};

const questions: readonly Question[] = Object.entries(entrants).flatMap(([name, contenders]) =>
  (["write", "read"] as const).map((deed) => ({
    name: `${name}-${deed}`,
    question:
      deed === "write"
        ? `${name}: single writes, ${storeWindow} at once; the bare driver has transactions of 100`
        : `${name}: reads by key, ${storeWindow} at once`,
    unit: "ns" as const,
    operation: deed,
    size: 10_000,
    expected: (size: number) => size,
    contenders: () => contenders(deed),
  })),
);

await runFile(import.meta.url, questions);
