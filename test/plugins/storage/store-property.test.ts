/** Stores that work on their own files against the one in memory. Not in every placement: drivers are asked, and no actors run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { compareNames, type DriverWrite, type StorageDriver } from "../../../core/index.ts";
import { MemoryDriver } from "../../../plugins/storage-memory/memory-driver.ts";
import { SqliteDriver } from "../../../plugins/storage-sqlite/sqlite-driver.ts";
import { sqlite3, whyMissing } from "../../support/known-services.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-stores-"));
afterAll(() => rmSync(folder, { recursive: true }));

const name = fc.constantFrom("a", "b", "c");
const bytes = fc.uint8Array({ maxLength: 3 });
const number = fc.nat(6);
const optional = fc.option(number, { nil: undefined });
const write: fc.Arbitrary<DriverWrite> = fc.oneof(
  fc.record({
    type: fc.constant("put" as const),
    key: name,
    value: bytes,
    ifVersion: optional,
    expiresAtMs: fc.option(fc.nat(20), { nil: undefined }),
  }),
  fc.record({ type: fc.constant("delete" as const), key: name, ifVersion: optional }),
  fc.record({
    type: fc.constant("append" as const),
    journal: name,
    events: fc.array(bytes, { minLength: 1, maxLength: 3 }),
    ifSeq: optional,
  }),
  fc.record({ type: fc.constant("snapshot" as const), journal: name, seq: number, state: bytes }),
  fc.record({ type: fc.constant("prune" as const), journal: name, seq: number }),
  fc.record({
    type: fc.constant("putVector" as const),
    collection: name,
    id: name,
    dimension: fc.integer({ min: 1, max: 2 }),
    value: bytes,
  }),
  fc.record({ type: fc.constant("deleteVector" as const), collection: name, id: name }),
  fc.record({ type: fc.constant("dropVectors" as const), collection: name }),
);
const group = fc.array(fc.array(write, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });

const file = (at: number) => ({
  file: join(folder, `property ${at}.sqlite`),
  durability: "normal" as const,
  busyTimeoutMs: 0,
  maxPages: 0,
});
let files = 0;
const drivers: (() => Promise<StorageDriver>)[] = [
  () => Promise.resolve(new MemoryDriver()),
  () => Promise.resolve(new SqliteDriver(file(files++))),
];
// That it is left out where it is not installed is told by the suite of the contract.
if ((await whyMissing(sqlite3)) === undefined)
  drivers.push(async () => {
    const { Sqlite3Driver } = await import("../../../plugins/storage-sqlite/sqlite3-driver.ts");
    return await Sqlite3Driver.open(file(files++));
  });

test("a transaction that cannot be gives back as many events as it had pruned", async () => {
  const store = new MemoryDriver();
  const events = Array.from({ length: 200_000 }, () => new Uint8Array(1));
  const cannotBe: DriverWrite[] = [
    { type: "append", journal: "j", events: events.slice(0, 2), ifSeq: undefined },
    { type: "prune", journal: "j", seq: 200_001 },
    { type: "append", journal: "j", events: events.slice(0, 3), ifSeq: undefined },
    { type: "delete", key: "none", ifVersion: 1 },
  ];
  const outcomes = await store.commit([[{ type: "append", journal: "j", events, ifSeq: 0 }], cannotBe], 0);
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, false]);
  expect(await store.lastSeq("j")).toBe(200_000);
  expect((await store.read("j", 1, 300_000)).map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
});

test("whatever is written, all stores answer and hold the same", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(group, { maxLength: 8 }), async (groups) => {
      const [memory, ...others] = await Promise.all(
        drivers.map(async (open) => {
          const driver = await open();
          const seen: unknown[] = [];
          for (const [nowMs, transactions] of groups.entries()) {
            const outcomes = await driver.commit(transactions, nowMs);
            seen.push(outcomes.map((one) => (one.ok ? one.results : [one.error.code, one.error.message])));
            seen.push(await driver.list("", undefined, 100, nowMs));
            for (const one of ["a", "b", "c"]) {
              seen.push(await driver.read(one, 1, 100), await driver.lastSeq(one), await driver.loadSnapshot(one));
              seen.push(await driver.dimensionOf(one), await driver.getVector(one, "a"));
              for await (const page of driver.vectors(one))
                seen.push([...page].sort((a, b) => compareNames(a.id, b.id)).map(({ id, value }) => [id, value]));
            }
            if (nowMs % 3 === 2) await driver.sweep(nowMs);
          }
          await driver.close();
          return JSON.stringify(seen, asBytes);
        }),
      );
      expect(others).toEqual(others.map(() => memory));
    }),
    { numRuns: 100 },
  );
});

/** Before a Buffer's own toJSON: what is read is bytes, of whatever class. */
function asBytes(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const given = this[key];
  return given instanceof Uint8Array ? [...given] : value;
}
