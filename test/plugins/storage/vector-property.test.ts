/** Searches of every store against a list that is sorted. Not in every placement: the plugin's actor alone runs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { FoundVector, StorageWrite, VectorMetric } from "../../../core/index.ts";
import type { PluginUse } from "../../../index.ts";
import { storageMemory } from "../../../plugins/storage-memory/index.ts";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { mysql, postgres, sqlite3 } from "../../support/known-services.ts";
import { dropMysqlTables, dropPostgresSchema } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { useSystem } from "../../support/use-system.ts";
import { storeOf } from "./store.ts";

const system = useSystem({ clock: "system", threads: 1 });
const folder = mkdtempSync(join(tmpdir(), "mofa-vectors-"));
afterAll(() => rmSync(folder, { recursive: true }));

const dimension = 3;
/** Small whole numbers, of which sums are exact and many are alike; and others, whose squares are not too small for a book's formula. */
const fraction = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((one) => Math.round(one * 1_000) / 1_000);
const number = fc.oneof(fc.integer({ min: -2, max: 2 }), fraction);
const vector = fc.array(number, { minLength: dimension, maxLength: dimension });
const id = fc.constantFrom("a", "b", "c", "d", "\u{10000}", "\ue000");
const kind = fc.constantFrom("x", "y");
type Step = readonly ["put", string, number[], string] | readonly ["delete", string] | readonly ["drop"];
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(fc.constant("put" as const), id, vector, kind) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("delete" as const), id) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("drop" as const)) },
);
const search = fc.record({
  vector,
  k: fc.integer({ min: 1, max: 7 }),
  metric: fc.constantFrom<VectorMetric>("cosine", "dot", "euclidean"),
  kind: fc.option(kind, { nil: undefined }),
});

interface Kept {
  readonly vector: readonly number[];
  readonly kind: string;
}

const inner = (a: readonly number[], b: readonly number[]) => a.reduce((sum, one, at) => sum + one * (b[at] ?? 0), 0);

/** By the formula, as a book has it. */
function scoreOf(metric: VectorMetric, a: readonly number[], b: readonly number[]): number {
  if (metric === "dot") return inner(a, b);
  if (metric === "euclidean") return Math.sqrt(a.reduce((sum, one, at) => sum + (one - (b[at] ?? 0)) ** 2, 0));
  return inner(a, b) / Math.sqrt(inner(a, a)) / Math.sqrt(inner(b, b));
}

function writeOf(collection: string, [type, id, vector = [], about]: Step): StorageWrite {
  if (type === "drop") return { type: "dropVectors", collection };
  if (type === "delete") return { type: "deleteVector", collection, id: id as string };
  return { type: "putVector", collection, id: id as string, vector, metadata: { kind: about } };
}

const before = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;

/** @param scores of all that may be found */
function expectNearest(
  found: readonly FoundVector[],
  scores: ReadonlyMap<string, number>,
  metric: VectorMetric,
  k: number,
): void {
  const sign = metric === "euclidean" ? 1 : -1;
  // What is rounded by another way may be another last bit, or hide that two are alike.
  const near = (score: number) => 1e-9 * Math.max(1, Math.abs(score));
  expect(found).toHaveLength(Math.min(k, scores.size));
  for (const [at, { id: name, score, metadata: _ }] of found.entries()) {
    const should = scores.get(name);
    expect(should).toBeDefined();
    expect(Math.abs(score - (should as number))).toBeLessThanOrEqual(near(score));
    const next = found[at + 1];
    if (next === undefined) continue;
    const isBefore = sign * score < sign * next.score || (score === next.score && before(name, next.id));
    expect([name, next.id, isBefore]).toEqual([name, next.id, true]);
  }
  const last = found.at(-1);
  if (last === undefined || found.length < k) return;
  for (const [name, score] of scores) {
    if (found.some((one) => one.id === name)) continue;
    expect(sign * (score - last.score)).toBeGreaterThanOrEqual(-near(score));
    // Of whole numbers the scores are exact, and so is who stands before whom.
    if (metric !== "cosine" && score === last.score) expect([last.id, before(last.id, name)]).toEqual([last.id, true]);
  }
}

let runs = 0;

async function holds(name: string, use: PluginUse, numRuns: number): Promise<void> {
  const handle = await system().startPlugins([use]);
  const store = storeOf(system, name);
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 4 }),
        fc.array(search, { minLength: 1, maxLength: 3 }),
        async (transactions, searches) => {
          const collection = `run ${process.pid} ${runs++}`;
          const kept = new Map<string, Kept>();
          for (const steps of transactions) {
            await store.transact(steps.map((one) => writeOf(collection, one)));
            for (const [type, one, numbers, about] of steps) {
              if (type === "drop") kept.clear();
              else if (type === "delete") kept.delete(one);
              else kept.set(one, { vector: numbers, kind: about });
            }
          }
          for (const { kind: wanted, ...query } of searches) {
            const filter = wanted === undefined ? {} : { kind: wanted };
            const isZero = query.vector.every((one) => one === 0);
            if (query.metric === "cosine" && isZero) continue; // refused, as the contract's suite shows
            const scores = new Map<string, number>();
            for (const [each, one] of kept) {
              if (wanted !== undefined && one.kind !== wanted) continue;
              if (query.metric === "cosine" && one.vector.every((part) => part === 0)) continue;
              scores.set(each, scoreOf(query.metric, query.vector, one.vector));
            }
            const found = await store.searchVectors({ collection, filter, ...query });
            expectNearest(found, scores, query.metric, query.k);
          }
        },
      ),
      { numRuns },
    );
  } finally {
    system().exit(handle.ref, "shutdown");
    await handle.exit;
  }
}

const claim = "a search finds the nearest, all of them, in their order";
const sqlite = (driver: string, numRuns: number) => {
  const config = { file: join(folder, `${driver.replace(":", "-")}.sqlite`), driver, durability: "normal" };
  return holds("storage-sqlite", { plugin: storageSqlite, config }, numRuns);
};

test(`storage-memory: ${claim}`, () => holds("storage-memory", { plugin: storageMemory }, 300));
test(`storage-sqlite by node:sqlite: ${claim}`, () => sqlite("node:sqlite", 100));

await describeWith(sqlite3, () => {
  test(`storage-sqlite by sqlite3: ${claim}`, () => sqlite("sqlite3", 50));
});

await describeWith(postgres, () => {
  const schema = `mofa_vectors_${process.pid}`;
  afterAll(() => dropPostgresSchema(schema));
  const config = { url: postgres.url, schema };
  test(`storage-postgres: ${claim}`, () => holds("storage-postgres", { plugin: storagePostgres, config }, 30));
});

await describeWith(mysql, () => {
  const tablePrefix = `mofa_vectors_${process.pid}_`;
  afterAll(() => dropMysqlTables(tablePrefix));
  const config = { url: mysql.url, tablePrefix };
  test(`storage-mysql: ${claim}`, () => holds("storage-mysql", { plugin: storageMysql, config }, 30));
});
