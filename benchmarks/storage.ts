/**
 * What does a store cost beside the driver that it stands on: single writes of which 1,000 are asked for at once, beside explicit
 * transactions of 100 by the bare driver, and reads by key? A server is asked where one is named.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pluginPackages } from "../core/index.ts";
import type { AnyPlugin } from "../index.ts";
import { storageMysql } from "../plugins/storage-mysql/index.ts";
import { storagePostgres } from "../plugins/storage-postgres/index.ts";
import { storageSqlite } from "../plugins/storage-sqlite/index.ts";
import { runFile } from "./command-line.ts";
import { asFastAs } from "./goal.ts";
import type { Absent, Contender, Question } from "./harness.ts";
import { bareDatabase, bareMysql, barePostgres, bareSqlite, withFolder } from "./peers/bare-database.ts";
import { bareSqlite3 } from "./peers/bare-sqlite3.ts";
import { type StoreDeed, store, storeWindow } from "./peers/store.ts";

type Entrants = (deed: StoreDeed) => readonly (Contender | Absent)[];

/** One driver beside itself: what another has still to write back to the disk would cost who comes behind it. */
function sqlite(driver: "node:sqlite" | "sqlite3", bare: typeof bareSqlite, readsAtOnce: number): Entrants {
  return (deed) => {
    const missing = driver === "sqlite3" ? missingOf(storageSqlite) : undefined;
    if (missing !== undefined) return [{ name: "mofa", absent: missing }];
    const folder = mkdtempSync(join(tmpdir(), "mofa-bench-"));
    const at = (file: string) => join(folder, file);
    const use = { plugin: storageSqlite, config: { file: at("mofa"), driver } };
    const floor = bareDatabase("bare driver", deed, () => bare(at("bare")), readsAtOnce);
    return [store({ name: "mofa", deed, plugin: "storage-sqlite", use }), withFolder(floor, folder)];
  };
}

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
    const missing = missingOf(plugin);
    if (missing !== undefined) return [{ name: `mofa ${name}`, absent: missing }];
    const use = { plugin, config: { url }, isolation: "thread" as const };
    return [
      store({ name: "mofa", deed, plugin: `storage-${name}`, use }),
      bareDatabase("bare driver", deed, () => bare(url), storeWindow),
    ];
  };
}

/** The package that a store's driver comes in, where it is not there. */
function missingOf(plugin: AnyPlugin): string | undefined {
  const missing = pluginPackages(plugin).find(({ install }) => install !== undefined);
  return missing && `the package ${missing.name} is not installed (${missing.install})`;
}

const entrants: Readonly<Record<string, Entrants>> = {
  sqlite: sqlite("node:sqlite", bareSqlite, 1),
  sqlite3: sqlite("sqlite3", bareSqlite3, storeWindow),
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
    placement: "dedicated thread",
    goals: deed === "write" ? [asFastAs("bare driver", 0.8)] : [],
    operation: deed,
    size: 10_000,
    expected: (size: number) => size,
    contenders: () => contenders(deed),
  })),
);

await runFile(import.meta.url, questions);
