/** What a plugin of a model is made of: one provider's way to chat, to embed, and to name its models. */
import type { PluginHealth } from "../plugin.ts";
import type { ChatEnd } from "./chat-assembly.ts";
import { type ConfigKey, countKey } from "./config-schema.ts";
import type { ChatDelta, ChatRequest, ChatUsage, EmbedAnswer, EmbedRequest, ModelInfo, PullProgress } from "./model.ts";
import type { ModelBudgets } from "./model-budget.ts";

export interface ChatOutlet {
  /** The chat's own trace context, for what the driver asks others: see `Context.trace`. */
  readonly trace: string | undefined;
  /** Aborted when the chat is to end: nobody reads it any more, its time is over, the plugin ends. */
  readonly signal: AbortSignal;
  /** The provider is alive, though it has said nothing that is passed on: it thinks, or keeps the connection. */
  heard(): void;
  /** What the provider has counted so far: a failure has it, too (`ModelError.usage`). What is no count is passed over. */
  counted(usage: ChatUsage | undefined): void;
  /** Passes a delta on, when its reader has room. @throws RuntimeError: nobody wants more, or it has become too long. */
  write(delta: ChatDelta): Promise<void>;
}

export interface PullOutlet {
  /** Aborted when it is to end: nobody waits for it, nothing has come for long, the plugin ends. */
  readonly signal: AbortSignal;
  /** Tells how far it is, when its reader has room. */
  write(progress: PullProgress): Promise<void>;
}

export interface ModelDriver {
  /**
   * Writes the deltas as they come. One that is aborted lets go of its connection and may throw whatever it likes.
   * @throws ModelError, or RuntimeError `model_…`. What else it throws counts as a failure of the network.
   */
  chat(request: ChatRequest, out: ChatOutlet): Promise<ChatEnd>;
  /** @param trace as `ChatOutlet.trace` */
  embed?(request: EmbedRequest, signal: AbortSignal, trace?: string): Promise<EmbedAnswer>;
  models?(signal: AbortSignal): Promise<readonly ModelInfo[]>;
  /** Has the provider fetch a model. */
  pull?(model: string, out: PullOutlet): Promise<void>;
  /** Default: `degraded` while the last chat has failed by the provider's doing. */
  health?(): PluginHealth | Promise<PluginHealth>;
  /** It keeps the budgets that requests name. Without it such a request is refused. */
  readonly budgets?: ModelBudgets | undefined;
  close?(): unknown;
}

/** Bounds that every plugin of a model has in its configuration. */
export interface ModelLimits {
  /** Chats and other calls at a time; more are `queue_full`. Default 256. */
  readonly maxConcurrent: number;
  /** For a whole answer. Default 600,000. */
  readonly timeoutMs: number;
  /** Without a word of the provider, while the reader has room. Default 60,000. Undefined: no limit but `timeoutMs`. */
  readonly silenceTimeoutMs?: number | undefined;
  /** Characters of an answer. Default 10,000,000. */
  readonly maxAnswerChars: number;
}

type LimitKeys = { readonly [K in keyof ModelLimits]-?: ConfigKey<number> };

/** Of one that asks other plugins' models: how long these may be silent, or think, is in their own configuration. */
export const relayLimits: Omit<LimitKeys, "silenceTimeoutMs"> = {
  maxConcurrent: countKey(256, 1),
  timeoutMs: countKey(600_000, 1),
  maxAnswerChars: countKey(10_000_000, 1),
};

export const modelLimits: LimitKeys = { ...relayLimits, silenceTimeoutMs: countKey(60_000, 1) };
