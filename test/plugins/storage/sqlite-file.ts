/** What a file of SQLite adds, by either driver: it is there again, and it may be full, broken or somebody else's. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { PluginUse, Ref } from "../../../index.ts";
import type { SqliteConfig } from "../../../plugins/storage-sqlite/config.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { next } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";
import { expectSpoiledIsTold } from "./spoiled.ts";
import { storeOf } from "./store.ts";

const holdLock = fileURLToPath(new URL("../../fixtures/programs/hold-lock.js", import.meta.url));

const openFiles = "/proc/self/fd";

/** Undefined: it was closed meanwhile. */
function target(fd: string): string | undefined {
  try {
    return readlinkSync(join(openFiles, fd));
  } catch {
    return undefined;
  }
}

/** Transactions that the log beside a file has, which nobody has copied into it yet: the last page of each says how many the file has then. */
function transactionsIn(log: Buffer): number {
  const pageBytes = log.readUInt32BE(8);
  let count = 0;
  // What an earlier round has left has other salts.
  for (let at = 32; at < log.length && log.compare(log, 16, 24, at + 8, at + 16) === 0; at += 24 + pageBytes)
    if (log.readUInt32BE(at + 4) > 0) count++;
  return count;
}

export function describeSqliteFile(driver: SqliteConfig["driver"]): void {
  describe(`a file by ${driver}`, () => {
    const system = useSystem({ clock: "system", threads: 1 });
    let folder: string;
    let file: string;
    let stop: () => Promise<void>;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "mofa-sqlite-"));
      file = join(folder, "store.sqlite");
      stop = async () => {};
    });

    afterEach(async () => {
      await stop();
      rmSync(folder, { recursive: true });
    });

    async function open(config: object = {}, where: Pick<PluginUse, "isolation"> = {}): Promise<void> {
      const use = { plugin: storageSqlite, config: { file, driver, ...config }, ...where };
      const handle = await system().startPlugins([use]);
      stop = async () => {
        system().exit(handle.ref, "shutdown");
        await handle.exit;
        stop = async () => {};
      };
    }

    const call = async (name: string, argument: unknown) =>
      await system().call("plugin.storage-sqlite", name, argument);

    const failure = async (promise: Promise<unknown>) =>
      await promise.then(
        (value) => ({ value }),
        (error: unknown) => error,
      );

    const own = { isolation: "thread", position: -1 } as const;
    const shared = { isolation: "shared", position: 1 } as const;
    // What sqlite3 does blocks no thread.
    test.each([
      ["by default it runs where that holds up nobody", {}, driver === "sqlite3" ? shared : own],
      ["with others, where its use says so", { isolation: "shared" }, shared],
    ] as const)("%s", async (_what, where, expected) => {
      await open({}, where);
      expect(await system().info("plugin.storage-sqlite")).toMatchObject(expected);
      expect(await system().plugins()).toMatchObject([{ isolation: expected.isolation, health: { status: "up" } }]);
      await call("put", { key: "a", value: 1 });
      expect(await call("get", "a")).toMatchObject({ value: 1 });
    });

    test("a thread that may end in the midst of native work is refused", async () => {
      const opened = failure(open({}, { isolation: "thread" }));
      if (driver === "sqlite3")
        expect(await opened).toMatchObject({
          code: "bad_argument",
          message: expect.stringContaining('isolation "thread"'),
        });
      else expect(await opened).toEqual({ value: undefined });
    });

    test("a file that is opened again has all that was answered, and its versions and numbers go on", async () => {
      await open();
      const { version } = (await call("put", { key: "a", value: { deep: [1] } })) as { version: number };
      await call("append", { journal: "j", events: [1, 2] });
      await call("prune", { journal: "j", seq: 2 });
      await stop();
      await open();
      expect(await call("get", "a")).toMatchObject({ value: { deep: [1] }, version });
      expect(await call("put", { key: "b", value: 1 })).toEqual({ version: version + 1 });
      expect(await call("append", { journal: "j", events: [3] })).toEqual({ seq: 3 });
    });

    test("single writes that are asked for at once are few transactions, in a log beside the file", async () => {
      await open();
      const log = () => readFileSync(`${file}-wal`);
      await call("put", { key: "a", value: 0 });
      const before = transactionsIn(log());
      await call("put", { key: "a", value: 1 });
      expect(transactionsIn(log())).toBe(before + 1);
      await Promise.all(Array.from({ length: 200 }, (_, n) => call("put", { key: `key ${n}`, value: n })));
      const groups = transactionsIn(log()) - before - 1;
      expect([groups > 0, groups <= 20]).toEqual([true, true]);
    });

    test("a restart by its supervisor has all that was answered", async () => {
      await open();
      await call("put", { key: "a", value: 1 });
      const restarted = new Promise((resolve) => system().events.on("restarted", resolve));
      system().exit(system().whereis("plugin.storage-sqlite") as Ref, "kill");
      await restarted;
      expect(await call("get", "a")).toMatchObject({ value: 1 });
    });

    test("a database of another program is refused, and stays as it is", async () => {
      const other = new DatabaseSync(file);
      other.exec("CREATE TABLE theirs (a)");
      other.close();
      const before = readFileSync(file);
      expect(await failure(open())).toMatchObject({
        code: "start_failed",
        message: expect.stringMatching(
          /store\.sqlite is a database, but no store of this plugin: give it a file of its own/,
        ),
      });
      expect(readFileSync(file)).toEqual(before);
    });

    test("a store of a newer version is refused", async () => {
      await open();
      await stop();
      const newer = new DatabaseSync(file);
      newer.exec("PRAGMA user_version = 99");
      newer.close();
      expect(await failure(open())).toMatchObject({
        message: expect.stringMatching(/is of version 99, and this plugin knows up to \d+: use the newer one/),
      });
    });

    test("a file that is no database is refused, and stays as it is", async () => {
      writeFileSync(file, "to whom it may concern: this is a letter".repeat(100));
      const before = readFileSync(file);
      expect(await failure(open())).toMatchObject({ message: expect.stringMatching(/file is not a database/) });
      expect(readFileSync(file)).toEqual(before);
    });

    test("a folder that is not there is told", async () => {
      file = join(folder, "none", "store.sqlite");
      expect(await failure(open())).toMatchObject({
        message: expect.stringMatching(/none\/store\.sqlite: unable to open/),
      });
    });

    test("a page that is broken is told by the reads that meet it, and by no wrong value", async () => {
      await open();
      for (let n = 0; n < 100; n++) await call("put", { key: `key ${n}`, value: "x".repeat(1_000) });
      await stop();
      const broken = join(folder, "broken.sqlite");
      copyFileSync(file, broken);
      const bytes = readFileSync(broken);
      bytes.fill(0xff, 4_096 * 8, 4_096 * 12);
      writeFileSync(broken, bytes);
      file = broken;
      await open();
      const failures = new Set<unknown>();
      for (let n = 0; n < 100; n++) {
        const result = await failure(call("get", `key ${n}`));
        if ("code" in (result as object)) failures.add((result as { code: unknown }).code);
        else expect((result as { value?: { value: unknown } }).value?.value).toBe("x".repeat(1_000));
      }
      expect([...failures]).toEqual(["storage_corrupt"]);
    });

    test("values that are not what was written are told by the reads that meet them", async () => {
      await open();
      await expectSpoiledIsTold(storeOf(system, "storage-sqlite"), async (table, column) => {
        await stop();
        const other = new DatabaseSync(file);
        other.exec(`UPDATE ${table} SET ${column} = substr(${column}, 1, length(${column}) - 1)`);
        other.close();
        await open();
      });
    });

    test("a store that is full refuses writes, keeps what it has, and goes on when there is room", async () => {
      await open({ maxPages: 40 });
      let kept = 0;
      const big = "x".repeat(10_000);
      let last: unknown;
      for (; ; kept++) {
        last = await failure(call("put", { key: `key ${kept}`, value: big }));
        if (last instanceof Error) break;
      }
      expect(last).toMatchObject({ code: "storage_failed", message: expect.stringMatching(/full/) });
      expect(kept).toBeGreaterThan(1);
      for (let n = 0; n < kept; n++) expect(await call("get", `key ${n}`)).toMatchObject({ value: big });
      await call("delete", { key: "key 0" });
      expect(await failure(call("put", { key: "again", value: big }))).toMatchObject({
        value: { version: expect.any(Number) },
      });
    });

    test.each([
      [0, /database is locked/],
      [60_000, undefined],
    ])("busyTimeoutMs %p: a write meets the lock of another process so long", async (busyTimeoutMs, refused) => {
      await open({ busyTimeoutMs });
      // A process, since SQLite's locks are those of processes: another copy of it in this one would not be kept out.
      const other = spawn(process.execPath, [holdLock, file], { stdio: ["pipe", "pipe", "inherit"] });
      const ended = once(other, "close");
      await once(other.stdout, "data");
      const written = failure(call("put", { key: "a", value: 1 }));
      if (refused !== undefined)
        expect(await written).toMatchObject({ code: "storage_failed", message: expect.stringMatching(refused) });
      other.stdin.end();
      await ended;
      if (refused === undefined) expect(await written).toMatchObject({ value: { version: 1 } });
    });

    // The kernel tells of them there, where it is Linux.
    (existsSync(openFiles) ? test : test.skip)(
      "one that is killed in the midst of writes leaves none open",
      async () => {
        const files = () => readdirSync(openFiles).filter((fd) => target(fd)?.startsWith(folder)).length;
        await open();
        await call("put", { key: "a", value: 1 });
        const wanted = files();
        // As often as its supervisor bears.
        for (let kill = 0; kill < 3; kill++) {
          const restarted = next(system(), "restarted");
          const writes = Array.from({ length: 200 }, (_, n) => failure(call("put", { key: `k ${n}`, value: n })));
          await failure(call("get", "a"));
          system().exit(system().whereis("plugin.storage-sqlite") as Ref, "kill");
          await Promise.all([restarted, ...writes]);
          expect(await call("put", { key: "a", value: kill })).toMatchObject({ version: expect.any(Number) });
        }
        // What the package does in its threads takes its time.
        for (let look = 0; files() !== wanted && look < 1_000; look++) await call("get", "a");
        expect([wanted > 0, files()]).toEqual([true, wanted]);
        await stop();
        expect(files()).toBe(0);
      },
    );

    test("every wrong key of its configuration is named", async () => {
      const config = { file: "", driver: "better", durability: "none", busyTimeoutMs: -1, maxPages: 1.5, pages: 5 };
      const error = (await failure(system().startPlugins([{ plugin: storageSqlite, config }]))) as Error;
      for (const key of Object.keys(config)) expect(error.message).toContain(key);
    });
  });
}
