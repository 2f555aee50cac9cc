/** The configuration of storage-sqlite, key by key. Not in every placement: no actors but the plugin's. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect } from "@jest/globals";
import { sqliteConfig } from "../../../plugins/storage-sqlite/config.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { keyTests } from "../../support/key-tests.ts";
import { strace, whyMissing } from "../../support/known-services.ts";
import { runProgram } from "../../support/run-program.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf, storeOf } from "./store.ts";

const whyNoTrace = await whyMissing(strace);
const programs = new URL("../../fixtures/programs/", import.meta.url);
const program = (file: string) => fileURLToPath(new URL(file, programs));
const system = useSystem({ clock: "system", threads: 1 });
const store = storeOf(system, "storage-sqlite");
let folder: string;
let file: string;
let stop: () => Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mofa-keys-"));
  file = join(folder, "store.sqlite");
  stop = async () => {};
});

afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

/** In the place of the one that runs. */
async function open(config: object = {}): Promise<void> {
  await stop();
  const handle = await system().startPlugins([{ plugin: storageSqlite, config: { file, ...config } }]);
  stop = async () => {
    system().exit(handle.ref, "shutdown");
    await handle.exit;
    stop = async () => {};
  };
}

describe("configuration of storage-sqlite", () => {
  const key = keyTests("storage-sqlite", sqliteConfig);

  key("file", "each has what was written to it, and is there again", async () => {
    await open();
    await store.put({ key: "a", value: 1 });
    await open({ file: join(folder, "other.sqlite") });
    expect(await store.get("a")).toBeUndefined();
    await open();
    expect(await store.get("a")).toMatchObject({ value: 1 });
  });

  key("sqlFile", "nobody is asked by SQL; the database that it names is, beside the store", async () => {
    const beside = join(folder, "shop.sqlite");
    const database = new DatabaseSync(beside);
    database.exec("CREATE TABLE goods (name TEXT); INSERT INTO goods VALUES ('a pear')");
    database.close();
    const request = {
      id: "a",
      sql: "SELECT name FROM goods",
      mode: "read",
      maxRows: 9,
      maxBytes: 900,
      timeoutMs: 30_000,
    };
    const ask = async () => await system().call("plugin.storage-sqlite", "querySql", request, { timeoutMs: 30_000 });
    await open();
    await expect(ask()).rejects.toMatchObject({
      message: "the configuration of storage-sqlite names no database for SQL",
    });
    await open({ sqlFile: beside });
    expect(await ask()).toMatchObject({ columns: ["name"], rows: [["a pear"]], isCut: false });
  });

  key("driver", "what Node has built in needs no package, the other one does", async () => {
    const start = async (driver: object) => {
      const config = JSON.stringify({ file, ...driver });
      const args = [`--import=${program("hide-package.js")}`, program("start-storage.js"), "storageSqlite", config];
      const env = { ...process.env, HIDDEN_PACKAGE: "sqlite3" };
      return (await runProgram(process.execPath, args, { env })).stdout;
    };
    expect(await start({})).toBe("started\n");
    expect(await start({ driver: "sqlite3" })).toMatch(/needs the package sqlite3/);
  });

  key(
    "durability",
    "by full each answered write has reached the disk, by normal it has not",
    async () => {
      const puts = 20;
      const flushes = async (durability: object) => {
        const config = JSON.stringify({
          file: join(folder, `${Object.keys(durability).length}.sqlite`),
          ...durability,
        });
        return await flushesOf([program("start-storage.js"), "storageSqlite", config, String(puts)]);
      };
      const [byDefault, normal] = [await flushes({}), await flushes({ durability: "normal" })];
      expect(byDefault).toBeGreaterThanOrEqual(puts);
      expect(normal).toBeLessThan(puts);
    },
    whyNoTrace,
  );

  key("busyTimeoutMs", "a write meets the lock of another process so long", async () => {
    const meet = async () => {
      // A process, since SQLite's locks are those of processes.
      const other = spawn(process.execPath, [program("hold-lock.js"), file], { stdio: ["pipe", "pipe", "inherit"] });
      const ended = once(other, "close");
      await once(other.stdout, "data");
      const written = failureOf(store.put({ key: "a", value: 1 }));
      const release = async () => {
        other.stdin.end();
        await ended;
      };
      return { written, release };
    };
    await open({ busyTimeoutMs: 0 });
    const refused = await meet();
    expect(await refused.written).toMatchObject({ code: "storage_failed", message: expect.stringMatching(/locked/) });
    await refused.release();
    await open();
    const waiting = await meet();
    await waiting.release();
    expect(await waiting.written).toMatchObject({ value: { version: expect.any(Number) } });
  });

  key("maxPages", "without it the file grows, with it a write that needs more is refused", async () => {
    const fill = async () => await failureOf(store.put({ key: "a", value: "x".repeat(500_000) }));
    await open({ maxPages: 40 });
    expect(await fill()).toMatchObject({ code: "storage_failed", message: expect.stringMatching(/full/) });
    await open();
    expect(await fill()).toMatchObject({ value: { version: expect.any(Number) } });
  });
});

/** How often a program has told the disk to keep what it has. */
async function flushesOf(args: readonly string[]): Promise<number> {
  const trace = ["-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", join(folder, "trace")];
  const { code, stdout, stderr } = await runProgram("strace", [...trace, process.execPath, ...args], {}, 60_000);
  expect([code, stdout]).toEqual([0, "started\n"]);
  expect(stderr).toBe("");
  const { stdout: count } = spawnSync("grep", ["-c", "sync(", join(folder, "trace")], { encoding: "utf8" });
  return Number(count);
}
