/** Stores as the first version of their tables had them, written by SQL as it stood then: they are brought to today's, with all they have. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { AnyPlugin } from "../../../index.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf, storeOf } from "./store.ts";

export interface OldStore {
  readonly plugin: AnyPlugin;
  readonly config: Readonly<Record<string, unknown>>;
  /** Statements that make the tables of version 1, all of them empty. */
  readonly tables: readonly string[];
  /** A table's name in SQL. */
  name(table: string): string;
  /** Bytes in SQL. */
  bytes(hex: string): string;
  /** The column of `entries` and `journals` that has their names. */
  readonly keys: { readonly entries: string; readonly journals: string };
  run(statement: string): Promise<unknown>;
  version(): Promise<number>;
  /** How often it was made one of the newest version. */
  migrated(): Promise<number>;
  /** The statement that says that the tables are of that version. */
  ofVersion(version: number): string;
  /** Names of its tables, without what stands before them. */
  tableNames(): Promise<readonly string[]>;
  /** Whether a migration that fails leaves nothing behind: else it goes on where it was broken off. */
  readonly isUndone: boolean;
  remove(): Promise<unknown>;
  /** Keeps who opens it from reading which version it has, until it is released; of a file it is nobody's affair. */
  hold?(): Promise<{
    /** Resolves when so many wait, there or for one another. */
    waiting(count: number): Promise<void>;
    release(): Promise<void>;
  }>;
}

/** Values as version 1 wrote them: a sum and JSON, or a sum and the bytes of `node:v8`. */
const written = {
  stock: ["0d2780f7ff0f6f22066170706c6573490a22047768656e4400000000000014407b02", { apples: 5, when: new Date(5) }],
  old: ["2fb15a8b226f6c6422", "old"],
  opened: ["81abf29c7b226b696e64223a226f70656e6564222c226279223a22416e6e227d", { kind: "opened", by: "Ann" }],
  paid: [
    "d43ca3dfff0f6f22046b696e642204706169642206616d6f756e745a20000010632d5ec76b05000000000000007b02",
    { kind: "paid", amount: 10n ** 20n },
  ],
  sum: ["f7a679317b2273756d223a337d", { sum: 3 }],
} as const;

const newest = 2;
const in2100 = 4_102_444_800_000;

export function describeOldStore(title: string, plugin: string, store: () => OldStore): void {
  describe(title, () => {
    const systems = [useSystem({ clock: "system", threads: 1 }), useSystem({ clock: "system", threads: 1 })] as const;
    const [system, other] = systems;
    const calls = storeOf(system, plugin);
    let stops: (() => Promise<void>)[] = [];
    let old: OldStore;

    const open = async (at = system): Promise<void> => {
      const handle = await at().startPlugins([{ plugin: old.plugin, config: old.config }]);
      stops.push(async () => {
        at().exit(handle.ref, "shutdown");
        await handle.exit;
      });
    };
    const stop = async () => {
      for (const one of stops.splice(0)) await one();
    };

    beforeEach(async () => {
      stops = [];
      old = store();
      const { name, bytes, keys } = old;
      const value = (what: keyof typeof written) => bytes(written[what][0]);
      const entry = (key: string, what: keyof typeof written, version: number, expires: number | "NULL") =>
        `INSERT INTO ${name("entries")} (${keys.entries}, value, version, expires) VALUES ('${key}', ${value(what)}, ${version}, ${expires})`;
      for (const statement of [
        ...old.tables,
        old.ofVersion(1),
        `UPDATE ${name("counter")} SET version = 7`,
        entry("stock", "stock", 3, "NULL"),
        entry("old", "old", 5, "NULL"),
        entry("gone", "old", 6, 1_000),
        entry("later", "old", 7, in2100),
        `INSERT INTO ${name("journals")} (${keys.journals}, last) VALUES ('account', 3)`,
        // The first one was pruned.
        `INSERT INTO ${name("events")} (journal, seq, event) VALUES ('account', 2, ${value("opened")})`,
        `INSERT INTO ${name("events")} (journal, seq, event) VALUES ('account', 3, ${value("paid")})`,
        `INSERT INTO ${name("snapshots")} (journal, seq, state) VALUES ('account', 2, ${value("sum")})`,
      ])
        await old.run(statement);
    });
    afterEach(async () => {
      await stop();
      await old.remove();
    });

    const expectAll = async () => {
      expect(await calls.list()).toEqual([
        { key: "later", value: "old", version: 7, expiresAtMs: in2100 },
        { key: "old", value: "old", version: 5, expiresAtMs: undefined },
        { key: "stock", value: written.stock[1], version: 3, expiresAtMs: undefined },
      ]);
      expect(await calls.get("stock")).toMatchObject({ value: written.stock[1], version: 3 });
      expect(await calls.read({ journal: "account" })).toEqual([
        { seq: 2, event: written.opened[1] },
        { seq: 3, event: written.paid[1] },
      ]);
      expect(await calls.loadSnapshot("account")).toEqual({ seq: 2, state: written.sum[1] });
    };

    test("one of version 1 has all it had, its versions and numbers go on, and it takes what is new", async () => {
      await open();
      await expectAll();
      expect(await calls.put({ key: "stock", value: 6, ifVersion: 3 })).toEqual({ version: 8 });
      expect(await calls.append({ journal: "account", events: ["more"], ifSeq: 3 })).toEqual({ seq: 4 });
      await calls.putVector({ collection: "notes", id: "n", vector: [1, 2] });
      await stop();
      expect(await old.version()).toBe(newest);
      await open();
      expect(await calls.get("stock")).toMatchObject({ value: 6, version: 8 });
      expect(await calls.lastSeq("account")).toBe(4);
      expect(await calls.searchVectors({ collection: "notes", vector: [1, 2] })).toMatchObject([{ id: "n" }]);
    });

    test("of two that open it at once both have it", async () => {
      const held = await old.hold?.();
      const opened = Promise.all([open(), open(other)]);
      // So neither has begun when both have come.
      await held?.waiting(2);
      await held?.release();
      await opened;
      await expectAll();
      await storeOf(other, plugin).putVector({ collection: "notes", id: "n", vector: [1] });
      expect(await calls.searchVectors({ collection: "notes", vector: [1] })).toMatchObject([{ id: "n" }]);
      expect(await old.version()).toBe(newest);
      expect(await old.migrated()).toBe(1);
    });

    test("a migration that meets what is there has changed nothing, or goes on behind it", async () => {
      const collections = old.name("collections");
      await old.run(`CREATE TABLE ${collections} (name VARCHAR(512) PRIMARY KEY, dimension INT NOT NULL)`);
      if (old.isUndone) {
        expect(await failureOf(open())).toMatchObject({
          code: "start_failed",
          message: expect.stringMatching(/collections.* already exists/),
        });
        expect([await old.version(), (await old.tableNames()).includes("vectors")]).toEqual([1, false]);
        await old.run(`DROP TABLE ${collections}`);
      }
      await open();
      await expectAll();
      expect(await old.version()).toBe(newest);
    });

    test("one of a newer version is refused aloud, and stays as it is", async () => {
      await old.run(old.ofVersion(newest + 1));
      const before = await old.tableNames();
      expect(await failureOf(open())).toMatchObject({
        code: "start_failed",
        message: expect.stringMatching(/ of version 3, and this plugin knows up to 2: use the newer one$/),
      });
      expect([await old.version(), await old.tableNames()]).toEqual([newest + 1, before]);
      expect(before).not.toContain("vectors");
    });
  });
}
