/** Budgets under any order of questions, by several routers, over a store that may be slow and may fail. Not in every placement: no actors run. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { RuntimeError, type StorageClient, type StorageWrite, type StoredEntry } from "../../../core/index.ts";
import type { Account } from "../../../plugins/llm-router/account.ts";
import { reservedMax, reservedOf, sum } from "../../../plugins/llm-router/account.ts";
import { BudgetBook } from "../../../plugins/llm-router/budget-book.ts";
import { Ledger } from "../../../plugins/llm-router/ledger.ts";
import { costUnits, type Price } from "../../../plugins/llm-router/prices.ts";

const keys = ["tenant", "tree", "agent"] as const;
const price: Price = { input: 3, output: 15 };
const never = new AbortController().signal;

/** A part of a store, with conditions, which is asked in whatever order `turn` gives. */
class SlowStore {
  readonly entries = new Map<string, StoredEntry>();
  /** After each transaction. */
  seen = (_accounts: readonly Account[]) => {};
  readonly #turn: () => Promise<void>;
  readonly #failures: ("before" | "after" | undefined)[];
  #version = 0;

  /** @param failures of its transactions, in their order: before it is kept, or after */
  constructor(turn: () => Promise<void>, failures: readonly ("before" | "after" | undefined)[] = []) {
    this.#turn = turn;
    this.#failures = [...failures];
  }

  get client(): StorageClient {
    return {
      get: async (key: string) => {
        await this.#turn();
        const entry = this.entries.get(key);
        await this.#turn();
        return structuredClone(entry);
      },
      transact: async (writes: readonly StorageWrite[]) => {
        await this.#turn();
        const failure = this.#failures.shift();
        if (failure === "before") throw new RuntimeError("storage_failed", "by the test");
        this.#write(writes);
        await this.#turn();
        if (failure === "after") throw new RuntimeError("storage_in_doubt", "by the test");
        return [];
      },
    } as Partial<StorageClient> as StorageClient;
  }

  #write(writes: readonly StorageWrite[]): void {
    const puts = writes.flatMap((write) => (write.type === "put" ? [write] : []));
    for (const { key, ifVersion } of puts)
      if ((this.entries.get(key)?.version ?? 0) !== ifVersion) throw new RuntimeError("version_conflict", key);
    for (const { key, value } of puts)
      this.entries.set(key, { key, value: structuredClone(value), version: ++this.#version, expiresAtMs: undefined });
    this.seen(this.accounts);
  }

  get accounts(): readonly Account[] {
    return [...this.entries.values()].map(({ value }) => value as Account);
  }
}

const asked = fc.record({
  router: fc.nat(1),
  budgets: fc.uniqueArray(fc.constantFrom(...keys), { minLength: 1 }),
  inputTokens: fc.nat(20),
  need: fc.nat(20),
  more: fc.nat(30),
  extend: fc.option(fc.nat(30), { nil: undefined }),
  /** Of what was reserved, per mille. */
  used: fc.nat(1_000),
});
const limits = fc.record({
  tokens: fc.option(fc.nat(150), { nil: undefined }),
  money: fc.option(
    fc.nat({ max: 1_000 }).map((n) => n / 1e6),
    { nil: undefined },
  ),
});
const questions = fc.array(asked, { minLength: 1, maxLength: 12 });

type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;

/** Asks all of them at once. @returns what was spent by key, as the questions know it */
async function askAll(
  store: SlowStore,
  all: readonly Asked[],
  given: { tokens?: number | undefined; money?: number | undefined },
) {
  const books = [0, 1].map(
    (n) => new BudgetBook(`router ${n}`, new Ledger(store.client, never), {}, "USD", 1e9, () => 0),
  );
  for (const key of keys) await (books[0] as BudgetBook).setBudget({ key, ...given });
  const spent = new Map<string, { tokens: number; units: number }>(keys.map((key) => [key, { tokens: 0, units: 0 }]));
  let refused = 0;
  await Promise.all(
    all.map(async ({ router, budgets, inputTokens, need, more, extend, used }) => {
      const book = books[router] as BudgetBook;
      try {
        let held = await book.reserve({ budgets, model: "m", price, inputTokens }, need, need + more);
        expect(held.outputTokens).toBeGreaterThanOrEqual(need);
        try {
          if (extend !== undefined) held = await book.extend(held, extend, extend + 10);
        } finally {
          const usage = { inputTokens, outputTokens: Math.floor((held.outputTokens * used) / 1_000) };
          const amount = { tokens: inputTokens + usage.outputTokens, units: costUnits(price, usage) };
          await book.settle(held, amount);
          for (const key of budgets) spent.set(key, sum(spent.get(key) as typeof amount, amount));
        }
      } catch (error) {
        expect(error).toMatchObject({ code: "model_budget" });
        refused++;
      }
    }),
  );
  return { spent, refused, books };
}

function expectWithin({ tokensMax = Infinity, unitsMax = Infinity, ...account }: Account): void {
  const { tokens, units } = sum(account.spent, reservedOf({ ...account, tokensMax, unitsMax }));
  expect(tokens).toBeLessThanOrEqual(tokensMax);
  expect(units).toBeLessThanOrEqual(unitsMax);
}

async function expectExact(
  store: SlowStore,
  all: readonly Asked[],
  given: { tokens?: number | undefined; money?: number | undefined },
) {
  store.seen = (accounts) => accounts.forEach(expectWithin);
  const { spent } = await askAll(store, all, given);
  for (const key of keys) {
    const account = store.entries.get(`mofa.model-budget.${key}`)?.value as Account;
    expect([key, account.spent, account.reserved]).toEqual([key, spent.get(key), {}]);
  }
}

test("in whatever order a store answers: never over the limit, all that was used is spent, and nothing stays reserved", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), questions, limits, async (scheduler, all, given) => {
      const store = new SlowStore(async () => void (await scheduler.schedule(Promise.resolve())));
      await scheduler.waitFor(expectExact(store, all, given));
    }),
    { numRuns: 200 },
  );
});

test("a store that fails before or after it has kept something costs nobody anything", async () => {
  const failures = fc.array(fc.constantFrom("before" as const, "after" as const, undefined), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(failures, questions, limits, async (some, all, given) => {
      // Those that set the limits do not fail: setting is not what is looked at.
      const store = new SlowStore(() => Promise.resolve(), [undefined, undefined, undefined, ...some]);
      await expectExact(store, all, given);
    }),
    { numRuns: 20 },
  );
}, 60_000);

test.each([["set"], ["reserve"], ["extend"], ["settle"]])(
  "a %s that was kept, and said to be in doubt, counts once",
  async (step) => {
    const at = ["set", "reserve", "extend", "settle"].indexOf(step);
    const failures = Array.from({ length: 4 }, (_, n) => (n === at ? ("after" as const) : undefined));
    const store = new SlowStore(() => Promise.resolve(), failures);
    const book = new BudgetBook("router", new Ledger(store.client, never), {}, "USD", 1e9, () => 0);
    await book.setBudget({ key: "agent", tokens: 100 });
    const held = await book.reserve({ budgets: ["agent"], model: "m", price, inputTokens: 5 }, 5, 5);
    await book.settle(await book.extend(held, 10, 10), { tokens: 12, units: 12 });
    const account = store.entries.get("mofa.model-budget.agent")?.value as Account;
    expect([account.spent, account.reserved]).toEqual([{ tokens: 12, units: 12 }, {}]);
  },
);

const bookOver = (store: SlowStore) =>
  new BudgetBook("router", new Ledger(store.client, never), {}, "USD", 1_000, () => 0);
const question = (...budgets: string[]) => ({ budgets, model: "m", price, inputTokens: 5 });
const accountIn = (store: SlowStore, key: string) => store.entries.get(`mofa.model-budget.${key}`)?.value as Account;

test("an account that is none fails those alone who name it", async () => {
  const store = new SlowStore(() => Promise.resolve());
  const book = bookOver(store);
  await book.setBudget({ key: "good", tokens: 100 });
  store.entries.set("mofa.model-budget.bad", { key: "bad", value: { x: 1 }, version: 9, expiresAtMs: undefined });
  const asked = [["good"], ["bad"], ["good", "bad"], ["good"]].map((keys) => book.reserve(question(...keys), 1, 5));
  const outcomes = (await Promise.allSettled(asked)).map((one) =>
    one.status === "rejected" ? (one.reason as RuntimeError).code : one.status,
  );
  expect(outcomes).toEqual(["fulfilled", "storage_corrupt", "storage_corrupt", "fulfilled"]);
  expect(reservedOf(accountIn(store, "good")).tokens).toBe(20);
});

test("of what is reserved the oldest is taken for spent where it is too much for one value, and is settled all the same", async () => {
  const store = new SlowStore(() => Promise.resolve());
  const book = bookOver(store);
  await book.setBudget({ key: "agent" });
  const oldest = await book.reserve(question("agent"), 5, 5);
  const next = await book.reserve(question("agent"), 5, 5);
  for (let n = 0; n < reservedMax; n++) await book.reserve(question("agent"), 5, 5);
  expect(Object.keys(accountIn(store, "agent").reserved)).toHaveLength(reservedMax);
  expect(accountIn(store, "agent").spent.tokens).toBe(20);
  await book.settle(oldest, { tokens: 7, units: 0 });
  expect(accountIn(store, "agent").spent.tokens).toBe(17);
  await book.settle(await book.extend(next, 100, 100), { tokens: 50, units: 0 });
  // That one had its place again, and another one lost it.
  expect(accountIn(store, "agent").spent.tokens).toBe(7 + 50 + 10);
});

test("where all is refused nothing is written", async () => {
  const store = new SlowStore(() => Promise.resolve());
  const one = {
    router: 0,
    budgets: ["agent" as const],
    inputTokens: 5,
    need: 6,
    more: 0,
    extend: undefined,
    used: 0,
  };
  const { refused } = await askAll(store, [one, one], { tokens: 10, money: undefined });
  expect(refused).toBe(2);
  expect(store.entries.get("mofa.model-budget.agent")?.version).toBe(3);
});
