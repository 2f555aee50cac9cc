/** What every storage plugin must bear: names that mean something in SQL, and actors that write to one key. */
import { beforeEach, expect, test } from "@jest/globals";
import type { MofaSystem } from "../../../index.ts";
import { adder } from "../../fixtures/adder.ts";
import { failureOf, type Store } from "./store.ts";

/** Each is one name, and no two of them are the same. */
const names = [
  "'; DROP TABLE entries; --",
  '"; DROP TABLE vectors; --',
  "` OR 1=1 #",
  "' OR ''='",
  "\\",
  "\\'",
  "%",
  "_",
  "$1",
  "?",
  ":name",
  "${name}",
  "/* */",
  "\n",
  "\r\n",
  "\t",
  "\u0001",
  "a",
  "A",
  "a ",
  " a",
  "\u00e9",
  "e\u0301",
  "\u00df",
  "ss",
  "\u202e",
  "\ufffd",
  "\uffff",
  "\u{1f600}",
  "\u{10ffff}",
];

/** In a `describe` in which the store runs. */
export function describeHardLuck(system: () => MofaSystem, name: string, store: Store): void {
  let count = 0;
  let own: string;
  beforeEach(() => {
    own = `luck ${count++}/`;
  });

  test("a name is a name, whatever it would mean to a database, and is no other", async () => {
    for (const [at, one] of names.entries()) {
      const key = own + one;
      await store.put({ key, value: at, ifVersion: 0 });
      await store.append({ journal: key, events: [at], ifSeq: 0 });
      await store.saveSnapshot({ journal: key, seq: 1, state: at });
      await store.putVector({ collection: key, id: one, vector: [at + 1], metadata: { [one]: one } });
    }
    expect(await store.list({ prefix: own })).toHaveLength(names.length);
    for (const [at, one] of names.entries()) {
      const key = own + one;
      expect(await store.get(key)).toMatchObject({ key, value: at });
      expect((await store.list({ prefix: key })).map((entry) => entry.key)).toContain(key);
      expect(await store.read({ journal: key })).toEqual([{ seq: 1, event: at }]);
      expect(await store.loadSnapshot(key)).toEqual({ seq: 1, state: at });
      expect(
        await store.searchVectors({ collection: key, vector: [1], filter: { [one]: one }, metric: "dot" }),
      ).toEqual([{ id: one, score: at + 1, metadata: { [one]: one } }]);
    }
    for (const [at, one] of names.entries()) {
      expect(await store.delete({ key: own + one })).toEqual({ isDeleted: true });
      expect(await store.dropVectors({ collection: own + one })).toEqual({ isDropped: true });
      expect(await store.list({ prefix: own })).toHaveLength(names.length - at - 1);
    }
  });

  test("a name with NUL, or with half of a pair, is refused, wherever it stands", async () => {
    for (const one of ["a\0b", "\ud800", "\udc00x"]) {
      const refused = [
        failureOf(store.get(one)),
        failureOf(store.put({ key: one, value: 1 })),
        failureOf(store.append({ journal: one, events: [1] })),
        failureOf(store.putVector({ collection: one, id: "a", vector: [1] })),
        failureOf(store.putVector({ collection: "a", id: one, vector: [1] })),
        failureOf(store.list({ prefix: one })),
        failureOf(store.list({ after: one })),
      ];
      for (const result of await Promise.all(refused)) expect(result).toMatchObject({ code: "bad_argument" });
    }
  });

  test("actors that add to one number, each by what it has read, have added all", async () => {
    const key = `${own}sum`;
    const addition = { store: `plugin.${name}`, key, times: 10 };
    const added = Array.from({ length: 4 }, async () =>
      system().call(await system().spawn(adder), "add", addition, { timeoutMs: 60_000 }),
    );
    await Promise.all(added);
    expect(await store.get(key)).toMatchObject({ value: 40 });
  });
}
