/** What users see of each key of `storage-sqlite`. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sqliteConfig } from "../../../plugins/storage-sqlite/config.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { strace } from "../../support/known-services.ts";
import { runProgram } from "../../support/run-program.ts";
import type { KeyTable } from "./key-table.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-key-table-"));
const file = join(folder, "store.sqlite");
const program = (name: string) => fileURLToPath(new URL(`../../fixtures/programs/${name}`, import.meta.url));

const kept = async (outcome: Promise<object>) => "value" in (await outcome);

export const table: KeyTable = {
  plugin: storageSqlite,
  name: "storage-sqlite",
  schema: sqliteConfig,
  base: { file },
  async refresh() {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  },
  remove: async () => rmSync(folder, { recursive: true }),
  keys: {
    sqlFile: {
      changed: join(folder, "shop.sqlite"),
      // There is no such file, which is not as if none were named.
      async look({ start, call }) {
        await start();
        const bounds = { maxRows: 1, maxBytes: 100, timeoutMs: 60_000 };
        return await call("querySql", { id: "a", sql: "SELECT 1", mode: "read", ...bounds });
      },
    },
    file: {
      from: file,
      changed: join(folder, "other.sqlite"),
      async look({ start, call }) {
        await start();
        await call("put", { key: "a", value: 1 });
        return readdirSync(folder).filter((name) => name.endsWith(".sqlite"));
      },
    },
    driver: {
      changed: "sqlite3",
      // In a program in which that package is not to be had.
      async look({ config }) {
        const args = [`--import=${program("hide-package.js")}`, program("start-storage.js"), "storageSqlite"];
        const env = { ...process.env, HIDDEN_PACKAGE: "sqlite3" };
        const { stdout } = await runProgram(process.execPath, [...args, JSON.stringify(config)], { env });
        return stdout === "started\n";
      },
    },
    durability: {
      changed: "normal",
      needs: strace,
      // How often the disk is told to keep what it has: for each write, or hardly ever.
      async look({ config }) {
        const puts = 20;
        const trace = ["-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", join(folder, "trace")];
        const args = [program("start-storage.js"), "storageSqlite", JSON.stringify(config), String(puts)];
        const { stdout } = await runProgram("strace", [...trace, process.execPath, ...args], {}, 60_000);
        const { stdout: count } = spawnSync("grep", ["-c", "sync(", join(folder, "trace")], { encoding: "utf8" });
        return [stdout, Number(count) >= puts];
      },
    },
    busyTimeoutMs: {
      changed: 0,
      // A lock that is held until another store, which waits for 300 ms, has given up.
      async look({ start, call, startOther, callOther }) {
        await start();
        await startOther({ file, busyTimeoutMs: 300 });
        const holder = spawn(process.execPath, [program("hold-lock.js"), file], { stdio: ["pipe", "pipe", "inherit"] });
        const ended = once(holder, "close");
        await once(holder.stdout, "data");
        const written = kept(call("put", { key: "a", value: 1 }));
        const other = await kept(callOther("put", { key: "b", value: 1 }));
        holder.stdin.end();
        await ended;
        return [await written, other];
      },
    },
    maxPages: {
      changed: 40,
      async look({ start, call }) {
        await start();
        return await kept(call("put", { key: "a", value: "x".repeat(500_000) }));
      },
    },
  },
};
