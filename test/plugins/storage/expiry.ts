/** What every storage plugin does with values that expire: to the millisecond, on a manual clock; and when they are taken away. */
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { PluginUse } from "../../../index.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf, type Store, storeOf } from "./store.ts";

export interface ExpiryCase {
  readonly use: PluginUse;
  /** The keys of values that are still kept, whether they can be read or not, in their order. */
  keys(store: Store): Promise<readonly string[]>;
}

export function describeExpiry(title: string, name: string, given: () => ExpiryCase): void {
  describe(title, () => {
    const system = useSystem({ clock: "manual", threads: 1 });
    const store = storeOf(system, name);
    let count = 0;
    let own: (key: string) => string;
    let one: ExpiryCase;

    beforeAll(async () => {
      one = given();
      await system().startPlugins([one.use]);
    });
    beforeEach(() => {
      const prefix = `${count++}/`;
      own = (key) => `${prefix}${key}`;
    });

    const wait = async (ms: number) => await system().clock.advance(ms);
    const now = () => system().nowMs();

    test("a value is there to the last millisecond of its time, and then as if it had been deleted", async () => {
      const key = own("a");
      const untilMs = now() + 1_000;
      const { version } = await store.put({ key, value: 1, ttlMs: 1_000 });
      await wait(999);
      expect(await store.get(key)).toEqual({ key, value: 1, version, expiresAtMs: untilMs });
      expect(await store.list({ prefix: own("") })).toHaveLength(1);
      await wait(1);
      expect(await store.get(key)).toBeUndefined();
      expect(await store.list({ prefix: own("") })).toEqual([]);
      expect(await failureOf(store.put({ key, value: 2, ifVersion: version }))).toMatchObject({
        code: "version_conflict",
      });
      expect(await store.delete({ key })).toEqual({ isDeleted: false });
      const again = await store.put({ key, value: 3, ifVersion: 0 });
      expect(again.version).toBeGreaterThan(version);
      await wait(100_000);
      expect(await store.get(key)).toEqual({ key, value: 3, version: again.version, expiresAtMs: undefined });
    });

    test("each put has a time of its own, or none", async () => {
      const [renewed, kept, cut] = [own("renewed"), own("kept"), own("cut")];
      for (const key of [renewed, kept]) await store.put({ key, value: "old", ttlMs: 1_000 });
      await store.put({ key: cut, value: "old" });
      await wait(500);
      await store.transact([
        { type: "put", key: renewed, value: "new", ttlMs: 1_000 },
        { type: "put", key: kept, value: "new" },
        { type: "put", key: cut, value: "new", ttlMs: 1_000 },
      ]);
      await wait(999);
      const keys = async () => (await store.list({ prefix: own("") })).map(({ key }) => key);
      expect(await keys()).toEqual([cut, kept, renewed]);
      await wait(1);
      expect(await keys()).toEqual([kept]);
    });

    test("a list that has room for so many counts none that has expired", async () => {
      for (const key of ["a", "c"]) await store.put({ key: own(key), value: key, ttlMs: 10 });
      for (const key of ["b", "d", "e"]) await store.put({ key: own(key), value: key });
      await wait(10);
      const found = await store.list({ prefix: own(""), limit: 2 });
      expect(found.map(({ value }) => value)).toEqual(["b", "d"]);
    });

    test("what has expired is taken away behind a write, once a minute has gone, and nothing else is", async () => {
      const ours = async () => (await one.keys(store)).filter((key) => key.startsWith(own("")));
      // A minute is counted from here on.
      await wait(60_000);
      await store.put({ key: own("begun"), value: 1 });
      await store.put({ key: own("short"), value: 1, ttlMs: 10 });
      await store.put({ key: own("long"), value: 1, ttlMs: 60_001 });
      await store.put({ key: own("ever"), value: 1 });
      await store.append({ journal: own("j"), events: [1] });
      await wait(59_999);
      await store.put({ key: own("early"), value: 1 });
      await store.put({ key: own("early"), value: 2 });
      expect(await ours()).toEqual(["begun", "early", "ever", "long", "short"].map(own));
      await wait(1);
      const { version } = await store.put({ key: own("behind"), value: 1 });
      // That is answered before, and the next one is kept behind it.
      expect(await store.put({ key: own("behind"), value: 2 })).toEqual({ version: version + 1 });
      expect(await ours()).toEqual(["begun", "behind", "early", "ever", "long"].map(own));
      expect([await store.get(own("long")), await store.lastSeq(own("j"))]).toEqual([
        expect.objectContaining({ value: 1 }),
        1,
      ]);
    });
  });
}
