/** The budgets that a router keeps: their limits, what requests reserve of them, and what they have spent. */
import { randomUUID } from "node:crypto";
import {
  type BudgetLimits,
  type BudgetNeed,
  type BudgetSetting,
  type ModelBudget,
  type ModelBudgets,
  ModelError,
  RuntimeError,
} from "../../core/index.ts";
import {
  type Account,
  type Amount,
  counted,
  emptyAccount,
  leftOf,
  limited,
  reserve,
  reservedOf,
  restored,
  settle,
  sum,
} from "./account.ts";
import type { BudgetTable } from "./budget-table.ts";
import type { Accounts, Ledger } from "./ledger.ts";
import { amountOf, costUnits, outputFor, type Price, unitsOf } from "./prices.ts";

/** What one question needs. */
export interface Question {
  readonly budgets: readonly string[];
  /** As the model is named, for people. */
  readonly model: string | undefined;
  readonly price: Price | undefined;
  readonly inputTokens: number;
}

/** Of a question. */
export interface Reservation {
  readonly id: string;
  readonly question: Question;
  /** Of output: so many are reserved. */
  readonly outputTokens: number;
}

export class BudgetBook implements ModelBudgets {
  readonly #name: string;
  readonly #ledger: Ledger;
  /** Of the configuration: these hold, whatever is stored. */
  readonly #limits: ReadonlyMap<string, BudgetLimits>;
  readonly #currency: string;
  readonly #holdMs: number;
  readonly #wallMs: () => number;

  /**
   * @param name the router's
   * @param holdMs no question takes longer, so what is reserved for longer is somebody's who has ended
   */
  constructor(
    name: string,
    ledger: Ledger,
    limits: BudgetTable,
    currency: string,
    holdMs: number,
    wallMs: () => number,
  ) {
    this.#name = name;
    this.#ledger = ledger;
    this.#limits = new Map(Object.entries(limits));
    this.#currency = currency;
    this.#holdMs = holdMs;
    this.#wallMs = wallMs;
  }

  async budget(key: string): Promise<ModelBudget | undefined> {
    return await this.#ledger.take([key], (accounts) => {
      const account = this.#known(accounts, key);
      return account && this.#shown(key, account);
    });
  }

  async setBudget({ key, tokens, money }: BudgetSetting): Promise<ModelBudget> {
    if (this.#limits.has(key))
      throw new RuntimeError(
        "bad_argument",
        `the budget "${key}" stands in the configuration of ${this.#name}: set it there`,
      );
    return await this.#ledger.take([key], (accounts) => {
      const account = limited(accounts.get(key) ?? emptyAccount, {
        tokensMax: tokens,
        unitsMax: money === undefined ? undefined : unitsOf(money),
      });
      this.#assertCurrency(key, account);
      const set = money === undefined ? account : { ...account, currency: this.#currency };
      accounts.set(key, set);
      return this.#shown(key, set);
    });
  }

  async assertBudget({ budgets, tokens = 1 }: BudgetNeed): Promise<undefined> {
    return await this.#ledger.take(budgets, (accounts) => {
      for (const key of budgets) {
        const account = this.#assertKnown(accounts, key);
        const left = leftOf(account);
        if (left.tokens < tokens || left.units <= 0) throw this.#over(key, account, left.tokens < tokens);
      }
      return undefined;
    });
  }

  /**
   * Reserves the input, and of the output as much as there is: at least `need` tokens, at most `want`.
   * @throws ModelError `model_budget`; RuntimeError `bad_argument`: nobody has set one of them; `bad_configuration`: there is
   * a limit in money, and no price.
   */
  async reserve(question: Question, need: number, want: number): Promise<Reservation> {
    return await this.#hold(randomUUID(), question, need, want);
  }

  /** The same with more output, by at least so much. */
  async extend(reservation: Reservation, need: number, want: number): Promise<Reservation> {
    const { id, question, outputTokens } = reservation;
    return await this.#hold(id, question, outputTokens + need, outputTokens + want, reservation);
  }

  async #hold(id: string, question: Question, need: number, want: number, held?: Reservation): Promise<Reservation> {
    const { budgets } = question;
    return await this.#ledger.take(budgets, (accounts, isInDoubt) => {
      const known = budgets.map((key) => {
        const account = this.#assertKnown(accounts, key);
        return [key, held === undefined || isInDoubt ? account : restoredOf(account, held)] as const;
      });
      let outputTokens = want;
      for (const [key, account] of known) {
        this.#assertPrice(key, account, question);
        outputTokens = Math.min(outputTokens, this.#outputWithin(account, id, question));
        if (outputTokens < need) {
          const { tokens } = leftOf(account, id);
          throw this.#over(key, account, tokens - question.inputTokens < need);
        }
      }
      const nowMs = this.#wallMs();
      const amount = amountFor(question, outputTokens);
      for (const [key, account] of known)
        accounts.set(key, this.#paid(reserve(account, id, amount, nowMs, nowMs + this.#holdMs), amount));
      return { id, question, outputTokens };
    });
  }

  /** So many tokens of output can be had with what is left; below 0: not even the input. */
  #outputWithin(account: Account, id: string, { inputTokens, price }: Question): number {
    const { tokens, units } = leftOf(account, id);
    const byTokens = tokens - inputTokens;
    if (price === undefined || units === Number.POSITIVE_INFINITY) return byTokens;
    return Math.min(byTokens, outputFor(price, inputTokens, units));
  }

  /** What was used is spent, and the rest can be had again. Twice is as good as once where the store is in doubt. */
  async settle(held: Reservation, used: Amount): Promise<void> {
    const { id, question } = held;
    await this.#ledger.take(question.budgets, (accounts, isInDoubt) => {
      for (const key of question.budgets) {
        const account = accounts.get(key);
        if (account === undefined) continue;
        const known = isInDoubt ? account : restoredOf(account, held);
        accounts.set(key, this.#paid(settle(known, id, used), used));
      }
    });
  }

  #paid(account: Account, { units }: Amount): Account {
    return units === 0 || account.currency !== undefined ? account : { ...account, currency: this.#currency };
  }

  #known(accounts: Accounts, key: string): Account | undefined {
    const limits = this.#limits.get(key);
    const account = accounts.get(key);
    if (limits === undefined) return account;
    const { tokens, money } = limits;
    const unitsMax = money === undefined ? undefined : unitsOf(money);
    return limited(account ?? emptyAccount, { tokensMax: tokens, unitsMax });
  }

  #assertKnown(accounts: Accounts, key: string): Account {
    const account = this.#known(accounts, key);
    if (account === undefined)
      throw new RuntimeError(
        "bad_argument",
        `nobody has set the budget "${key}": by setBudget("${key}", { tokens, money }), or in the configuration of ${this.#name}`,
      );
    this.#assertCurrency(key, account);
    return account;
  }

  #assertCurrency(key: string, { currency = this.#currency }: Account): void {
    if (currency !== this.#currency)
      throw new RuntimeError(
        "bad_configuration",
        `the budget "${key}" is in ${currency}, and ${this.#name} has prices in ${this.#currency}`,
      );
  }

  #assertPrice(key: string, { unitsMax }: Account, { model, price }: Question): void {
    if (unitsMax === undefined || price !== undefined) return;
    const what =
      model === undefined
        ? "a model that nobody has named: name it in the route, { plugin, model }, or in the request"
        : `the model "${model}", which has no price: give it one in the configuration, prices`;
    throw new RuntimeError("bad_configuration", `the budget "${key}" is in money, and ${this.#name} asks ${what}`);
  }

  #over(key: string, account: Account, isOfTokens: boolean): ModelError {
    const { tokens, units } = sum(account.spent, reservedOf(account));
    const text = isOfTokens
      ? `${tokens} of ${account.tokensMax} tokens`
      : `${amountOf(units)} of ${amountOf(account.unitsMax ?? 0)} ${this.#currency}`;
    return new ModelError("model_budget", `the budget "${key}" cannot bear it: ${text} are spent or reserved`);
  }

  #shown(key: string, account: Account): ModelBudget {
    const { tokensMax, unitsMax, spent } = account;
    return {
      key,
      limits: {
        ...(tokensMax !== undefined && { tokens: tokensMax }),
        ...(unitsMax !== undefined && { money: amountOf(unitsMax) }),
      },
      spent: shownAmount(spent),
      reserved: shownAmount(reservedOf(account)),
      currency: account.currency ?? this.#currency,
    };
  }
}

/** What is reserved for a question. */
export function amountFor({ inputTokens, price }: Question, outputTokens: number): Amount {
  return {
    tokens: counted(inputTokens + outputTokens),
    units: price === undefined ? 0 : counted(costUnits(price, { inputTokens, outputTokens })),
  };
}

/** The same, also where what is held was taken for spent. */
function restoredOf(account: Account, { id, question, outputTokens }: Reservation): Account {
  return restored(account, id, amountFor(question, outputTokens));
}

function shownAmount({ tokens, units }: Amount): { tokens: number; money: number } {
  return { tokens, money: amountOf(units) };
}
