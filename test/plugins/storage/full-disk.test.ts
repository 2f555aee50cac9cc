/** A disk of 1 MB that gets full under a store. Not in every placement: no actors but the plugin's. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { StorageWrite } from "../../../core/index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { sqlite3, whyMissing } from "../../support/known-services.ts";
import { describeWith } from "../../support/service.ts";
import { SmallDisk, smallDisks } from "../../support/small-disk.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf, storeOf } from "./store.ts";

const big = "x".repeat(20_000);

function describeFullDisk(driver: string): void {
  describe(`a full disk under ${driver}`, () => {
    const system = useSystem({ clock: "system", threads: 1 });
    const store = storeOf(system, "storage-sqlite");
    let disk: SmallDisk;
    let stop: () => Promise<void>;

    const open = async () => {
      const config = { file: join(disk.folder, "store.sqlite"), driver };
      const handle = await system().startPlugins([{ plugin: storageSqlite, config }]);
      stop = async () => {
        system().exit(handle.ref, "shutdown");
        await handle.exit;
        stop = async () => {};
      };
    };
    beforeEach(async () => {
      disk = new SmallDisk(1_024);
      await open();
    });
    afterEach(async () => {
      await stop();
      disk[Symbol.dispose]();
    });

    const isFull = { code: "storage_failed", message: expect.stringMatching(/disk is full|disk I\/O error/) };
    /** Answers the keys that were kept. */
    const fill = async (): Promise<string[]> => {
      for (const kept: string[] = []; ; ) {
        const key = `key ${kept.length}`;
        const result = await failureOf(store.put({ key, value: big }));
        if (result instanceof Error) {
          expect(result).toMatchObject(isFull);
          return kept;
        }
        kept.push(key);
      }
    };
    const keys = async () => (await store.list()).map(({ key }) => key).sort();

    test("refuses what has no room, keeps what was answered, and goes on when there is room", async () => {
      const kept = await fill();
      expect(kept.length).toBeGreaterThan(10);
      expect(await keys()).toEqual([...kept].sort());
      disk.resize(8_192);
      await store.put({ key: "later", value: big });
      await stop();
      await open();
      expect(await keys()).toEqual([...kept, "later"].sort());
      for (const key of kept) expect(await store.get(key)).toMatchObject({ value: big });
    });

    test("keeps no transaction by half", async () => {
      const kept = await fill();
      const writes: StorageWrite[] = [
        { type: "delete", key: "key 0" },
        { type: "append", journal: "j", events: ["small"] },
        ...Array.from({ length: 60 }, (_, n): StorageWrite => ({ type: "put", key: `more ${n}`, value: big })),
      ];
      expect(await failureOf(store.transact(writes))).toMatchObject(isFull);
      expect([await keys(), await store.lastSeq("j")]).toEqual([[...kept].sort(), 0]);
      await stop();
      disk.resize(8_192);
      await open();
      expect([await keys(), await store.lastSeq("j")]).toEqual([[...kept].sort(), 0]);
      await store.transact(writes);
      expect(await store.lastSeq("j")).toBe(1);
    });

    test("of many writes at once each is kept, or its caller learns that it is not", async () => {
      const results = await Promise.all(
        Array.from({ length: 100 }, async (_, n) => await failureOf(store.put({ key: `many ${n}`, value: big }))),
      );
      const refused = results.filter((result) => result instanceof Error);
      for (const one of refused) expect(one).toMatchObject(isFull);
      expect(refused.length).toBeGreaterThan(0);
      const kept = results.flatMap((result, n) => (result instanceof Error ? [] : [`many ${n}`]));
      expect(await keys()).toEqual(kept.sort());
    });
  });
}

await describeWith(smallDisks, () => describeFullDisk("node:sqlite"));
if ((await whyMissing(smallDisks)) === undefined) await describeWith(sqlite3, () => describeFullDisk("sqlite3"));
