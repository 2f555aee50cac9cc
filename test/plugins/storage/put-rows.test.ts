/** Puts that go many rows by one statement: what is kept is what was put, each in its turn. Not in every placement: the drivers alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { DriverWrite, StorageDriver } from "../../../core/index.ts";
import type { SqliteFile } from "../../../plugins/storage-sqlite/config.ts";
import { SqliteDriver } from "../../../plugins/storage-sqlite/sqlite-driver.ts";
import { sqlite3 } from "../../support/known-services.ts";
import { describeWith } from "../../support/service.ts";

const large = "large ".repeat(20_000);
const key = (n: number) => `key ${String(n).padStart(2, "0")}`;
const put = (at: number, text: string, ifVersion?: number, expiresAtMs?: number): DriverWrite => ({
  type: "put",
  key: key(at),
  value: Buffer.from(text),
  ifVersion,
  expiresAtMs,
});
const kept = (version: number) => ({ ok: true, results: [{ version }] });

function describePuts(open: (file: SqliteFile) => Promise<StorageDriver>): void {
  let folder: string;
  let driver: StorageDriver;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "mofa-puts-"));
    const file = join(folder, "store.sqlite");
    driver = await open({ file, durability: "normal", busyTimeoutMs: 1_000, maxPages: 0 });
  });

  afterEach(async () => {
    await driver.close();
    rmSync(folder, { recursive: true });
  });

  /** All that is there: key, value, version and when it expires. */
  async function rows(): Promise<unknown[]> {
    const entries = await driver.list("", undefined, 1_000, 0);
    return entries.map(({ key, value, version, expiresAtMs }) => [
      key,
      Buffer.from(value).toString(),
      version,
      expiresAtMs,
    ]);
  }

  test("of 120 in one group, each key twice and one of them large, the later one is there, and what comes behind sees it", async () => {
    // Value n gets version n + 1; the second of each key expires.
    const text = (n: number) => (n === 107 ? large : `value ${n}`);
    const puts = Array.from({ length: 120 }, (_, n) =>
      put(Math.floor(n / 2), text(n), undefined, n % 2 === 1 ? 5_000 + n : undefined),
    );
    const behind: DriverWrite[] = [
      put(59, "conditional", 120),
      put(58, "of another version", 117),
      { type: "delete", key: key(0), ifVersion: undefined },
      { type: "delete", key: key(1), ifVersion: 4 },
      put(1, "again"),
      put(57, "again"),
      put(57, "and again"),
    ];
    const outcomes = await driver.commit(
      [...puts, ...behind].map((write) => [write]),
      0,
    );
    expect(outcomes).toEqual([
      ...Array.from({ length: 120 }, (_, n) => kept(n + 1)),
      kept(121),
      { ok: false, error: expect.objectContaining({ code: "version_conflict" }) },
      { ok: true, results: [{ isDeleted: true }] },
      { ok: true, results: [{ isDeleted: true }] },
      kept(122),
      kept(123),
      kept(124),
    ]);
    const second = (at: number) => [key(at), text(2 * at + 1), 2 * at + 2, 5_000 + 2 * at + 1];
    expect(await rows()).toEqual([
      [key(1), "again", 122, undefined],
      ...Array.from({ length: 55 }, (_, n) => second(n + 2)), // among them the large one, of key 53
      [key(57), "and again", 124, undefined],
      second(58),
      [key(59), "conditional", 121, undefined],
    ]);
  });

  test("large ones and small ones of one key stand in their order, whichever is last", async () => {
    const texts = ["small", large, "smaller", large, "smallest", `${large}!`];
    const both = [...texts.map((text) => put(1, text)), ...texts.slice(0, -1).map((text) => put(2, text))];
    const outcomes = await driver.commit(
      both.map((write) => [write]),
      0,
    );
    expect(outcomes).toEqual(Array.from({ length: 11 }, (_, n) => kept(n + 1)));
    expect(await rows()).toEqual([
      [key(1), `${large}!`, 6, undefined],
      [key(2), "smallest", 11, undefined],
    ]);
  });
}

describe("node:sqlite", () => describePuts(async (file) => await Promise.resolve(new SqliteDriver(file))));

await describeWith(sqlite3, () =>
  describe("sqlite3", () =>
    describePuts(async (file) => {
      const { Sqlite3Driver } = await import("../../../plugins/storage-sqlite/sqlite3-driver.ts");
      return await Sqlite3Driver.open(file);
    })),
);
