/** One question to one model: when it may be asked, what is reserved for it, and what it has used. */
import {
  type ChatDelta,
  type ChatRequest,
  type EmbedRequest,
  errorData,
  ModelError,
  type PluginBus,
} from "../../core/index.ts";
import type { Amount } from "./account.ts";
import type { Lane } from "./answering.ts";
import { amountFor, type BudgetBook, type Question, type Reservation } from "./budget-book.ts";
import type { RouterConfig } from "./config.ts";
import { costUnits, isCountable, type PriceTable, type TokensUsed } from "./prices.ts";
import type { Target } from "./target.ts";
import { bytesOfDelta, inputTokensOf, tokensOfBytes } from "./token-estimate.ts";

/** What all questions of a router have in common. */
export interface Counting {
  readonly config: RouterConfig;
  readonly prices: PriceTable;
  /** Undefined: it keeps no budgets. */
  readonly book: BudgetBook | undefined;
  readonly log: PluginBus["log"];
}

/** What is asked, as it is passed on: its budgets are the router's affair. */
export type Asked<R extends ChatRequest | EmbedRequest> = Omit<R, "budgets">;

/** By these a provider, or its plugin, says that it has done nothing of it. */
const unbilled: readonly string[] = [
  "model_auth",
  "model_context",
  "model_overloaded",
  "model_quota",
  "model_rate_limit",
  "model_rejected",
  "model_unknown",
  "noproc",
  "queue_full",
];

export class Meter {
  readonly #counting: Counting;
  readonly #target: Target;
  readonly #lane: Lane;
  readonly #question: Question;
  readonly #outputMax: number | undefined;
  readonly #tokensTaken: number;
  #reservation: Reservation | undefined;
  #outputBytes = 0;
  #hasBegun = false;

  constructor(
    counting: Counting,
    target: Target,
    lane: Lane,
    asked: Asked<ChatRequest> | EmbedRequest,
    budgets: readonly string[],
  ) {
    this.#counting = counting;
    this.#target = target;
    this.#lane = lane;
    const { model } = asked;
    const inputTokens = inputTokensOf(asked);
    this.#question = { budgets, model, price: counting.prices.of(model), inputTokens };
    this.#outputMax = "messages" in asked ? asked.maxOutputTokens : 0;
    this.#tokensTaken = inputTokens + (this.#outputMax ?? 0);
  }

  /**
   * Asks when it may be asked.
   * @throws what the question throws; ModelError `model_rate_limit`, `model_budget`; what `BudgetBook.reserve` throws.
   */
  async run<T extends { readonly model: string; readonly usage: TokensUsed | undefined }>(
    question: () => Promise<T>,
  ): Promise<T> {
    const { signal } = this.#lane;
    const { rate } = this.#target;
    try {
      await rate.admit(this.#tokensTaken, signal);
    } catch (error) {
      throw this.#target.unproven(error);
    }
    try {
      await this.#reserve();
      // It may have been given up meanwhile.
      signal.throwIfAborted();
    } catch (error) {
      rate.giveBack(this.#tokensTaken);
      await this.#spend({ inputTokens: 0 });
      throw this.#target.unproven(error);
    }
    let answer: T;
    try {
      answer = await question();
      this.#begin();
    } catch (error) {
      if (signal.aborted && !this.#hasBegun) this.#target.unproven(error);
      await this.#settle(this.#usedBy(error));
      throw error;
    }
    const { model, usage } = answer;
    await this.#settle(usage !== undefined && isCountable(usage) ? usage : this.#estimate(), model);
    return answer;
  }

  /** Before a delta is passed on. @throws the lane's; ModelError `model_budget`: it is more than there was left. */
  async count(delta: ChatDelta): Promise<void> {
    this.#begin();
    this.#outputBytes += bytesOfDelta(delta);
    const reservation = this.#reservation;
    const { book, config } = this.#counting;
    if (reservation === undefined || book === undefined) return;
    const missing = tokensOfBytes(this.#outputBytes) - reservation.outputTokens;
    if (missing > 0)
      this.#reservation = await book.extend(reservation, missing, Math.max(missing, config.reserveOutputTokens));
  }

  #begin(): void {
    this.#lane.begin();
    this.#hasBegun = true;
  }

  async #reserve(): Promise<void> {
    const { book, config } = this.#counting;
    if (book === undefined || this.#question.budgets.length === 0) return;
    const [need, want] =
      this.#outputMax === undefined ? [1, config.reserveOutputTokens] : [this.#outputMax, this.#outputMax];
    this.#reservation = await book.reserve(this.#question, need, want);
  }

  /** Providers take money for what they have read and written, also where it was given up, or broke off. */
  #usedBy(error: unknown): TokensUsed {
    const counted = error instanceof ModelError ? error.usage : undefined;
    // What came behind the provider's last word of it is not in it.
    if (counted !== undefined && isCountable(counted))
      return { ...counted, outputTokens: Math.max(counted.outputTokens, tokensOfBytes(this.#outputBytes)) };
    const isUnbilled = !this.#hasBegun && unbilled.includes(errorData(error).code ?? "");
    return isUnbilled ? { inputTokens: 0 } : this.#estimate();
  }

  #estimate(): TokensUsed {
    return { inputTokens: this.#question.inputTokens, outputTokens: tokensOfBytes(this.#outputBytes) };
  }

  /** @param named as the model names itself */
  async #settle(usage: TokensUsed, named?: string): Promise<void> {
    this.#target.rate.settle(this.#tokensTaken, tokensOf(usage));
    await this.#spend(usage, named);
  }

  async #spend(usage: TokensUsed, named?: string): Promise<void> {
    const { book, log, prices } = this.#counting;
    if (this.#reservation === undefined || book === undefined) return;
    const price = this.#question.price ?? prices.of(named);
    try {
      await book.settle(this.#reservation, {
        tokens: tokensOf(usage),
        units: price === undefined ? 0 : costUnits(price, usage),
      });
    } catch (error) {
      // The answer is there, and was paid for.
      const reserved: Amount = amountFor(this.#question, this.#reservation.outputTokens);
      log("error", `what is reserved of budgets stays spent, since what was used cannot be kept`, {
        budgets: this.#question.budgets,
        reserved,
        error: errorData(error).message,
      });
    }
  }
}

function tokensOf({ inputTokens, outputTokens = 0 }: TokensUsed): number {
  return inputTokens + outputTokens;
}
