/** Configurations that no store takes: each wrong key is named at the start, with what it should be. No server is asked. */
import { describe, expect, test } from "@jest/globals";
import type { AnyPlugin } from "../../../index.ts";
import { mysqlConfig } from "../../../plugins/storage-mysql/config.ts";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { postgresConfig } from "../../../plugins/storage-postgres/config.ts";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import { sqliteConfig } from "../../../plugins/storage-sqlite/config.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf } from "./store.ts";

interface Case {
  readonly plugin: AnyPlugin;
  readonly keys: readonly string[];
  /** A configuration that would be taken. */
  readonly right: Readonly<Record<string, unknown>>;
  /** Of each key: what is right, in words, and values that are not. */
  readonly wrong: Readonly<Record<string, readonly [string, ...unknown[]]>>;
}

const counts = ["1", 1.5, Number.NaN, null, 2 ** 31];
const wholeFrom = (from: number, to = 2 ** 31 - 1) => `is a whole number from ${from} to ${to}`;
const poolSize = [wholeFrom(1, 1_000), 0, 1_001, ...counts] as const;

const cases: Readonly<Record<string, Case>> = {
  "storage-sqlite": {
    plugin: storageSqlite,
    keys: sqliteConfig.keys,
    right: { file: "/nowhere/a.sqlite" },
    wrong: {
      file: ["is the path of a file", undefined, "", ":memory:", 5],
      driver: ['is "node:sqlite" or "sqlite3"', "better-sqlite3", 5],
      durability: ['is "full" or "normal"', "none", true],
      busyTimeoutMs: [wholeFrom(0), -1, ...counts],
      maxPages: [wholeFrom(0), -1, ...counts],
      sqlFile: ['is the path of a file, or "" for none', ":memory:", 5, null],
    },
  },
  "storage-postgres": {
    plugin: storagePostgres,
    keys: postgresConfig.keys,
    right: { url: "postgres://root@127.0.0.1:1/test" },
    wrong: {
      url: [
        'is a URL like "postgres://user:password@host/database"',
        undefined,
        "",
        5,
        "postgres://[",
        "postgres://a:%ZZ@127.0.0.1/b",
        "mysql://127.0.0.1/test",
        "127.0.0.1:5432",
      ],
      schema: [
        "is 1 to 63 small letters, digits and _, first no digit",
        "",
        "Mofa",
        "1a",
        'a"; DROP TABLE a; --',
        "a".repeat(64),
        "\u00e9",
        5,
      ],
      poolSize,
      connectTimeoutMs: [wholeFrom(1), 0, ...counts],
      statementTimeoutMs: [wholeFrom(0), -1, ...counts],
      silenceTimeoutMs: [wholeFrom(0), -1, ...counts],
      sqlUrl: [
        'is a URL like "postgres://user:password@host/database", or "" for none',
        "mysql://127.0.0.1/test",
        "postgres://[",
        5,
        null,
      ],
    },
  },
  "storage-mysql": {
    plugin: storageMysql,
    keys: mysqlConfig.keys,
    right: { url: "mysql://root@127.0.0.1:1/test" },
    wrong: {
      url: [
        'is a URL like "mysql://user:password@host/database"',
        undefined,
        "",
        5,
        "mysql://[",
        "mysql://a:%ZZ@127.0.0.1/b",
        "postgres://127.0.0.1/test",
        "127.0.0.1:3306",
      ],
      tablePrefix: [
        "is 1 to 40 small letters, digits and _",
        "",
        "Mofa_",
        "a-b",
        "a`; DROP TABLE a; --",
        "a".repeat(41),
        "\u00e9",
        5,
      ],
      poolSize,
      connectTimeoutMs: [wholeFrom(1), 0, ...counts],
      lockTimeoutS: ["is a whole number of seconds from 1 to 1000000", 0, 1_000_001, "1", 1.5, Number.NaN, null],
      silenceTimeoutMs: [wholeFrom(0), -1, ...counts],
      sqlUrl: [
        'is a URL like "mysql://user:password@host/database", or "" for none',
        "postgres://127.0.0.1/test",
        "mysql://[",
        5,
        null,
      ],
    },
  },
};

describe.each(Object.entries(cases))("%s", (name, { plugin, keys, right, wrong }) => {
  const system = useSystem({ clock: "system", threads: 1 });
  const start = async (config: Readonly<Record<string, unknown>>) =>
    await failureOf(system().startPlugins([{ plugin, config }]));

  test("each key has values that are wrong", () => {
    expect(Object.keys(wrong)).toEqual(keys);
  });

  test.each(
    Object.entries(wrong).flatMap(([key, [what, ...values]]) => values.map((value) => [key, value, what] as const)),
  )("%s %p is refused, with what it should be", async (key, value, what) => {
    const refused = await start({ ...right, [key]: value });
    expect(refused).toMatchObject({ code: "start_failed", cause: expect.anything() });
    expect((refused as Error).message).toContain(`${key}: ${what}`);
  });

  if (keys.includes("url"))
    test("of a wrong URL nothing is shown, since it has a password", async () => {
      const { message, cause } = (await start({ url: "http://root:hunter2@127.0.0.1:1/test" })) as Error;
      expect(message).toContain("url: ");
      expect(JSON.stringify([message, cause])).not.toContain("hunter2");
    });

  test("of several each is named, and so is what is no key, with those that are", async () => {
    const all = Object.fromEntries(Object.entries(wrong).map(([key, [, value]]) => [key, value]));
    const { message } = (await start({ ...all, pages: 5, toString: 5 })) as Error;
    for (const key of keys) expect(message).toContain(`${key}: `);
    for (const key of ["pages", "toString"])
      expect(message).toContain(`${key}: there is no such key: it takes ${keys.join(", ")}`);
    expect(system().whereis(`plugin.${name}`)).toBeUndefined();
    expect(await system().plugins()).toEqual([]);
  });
});
