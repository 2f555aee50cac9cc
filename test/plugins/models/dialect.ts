/** How a provider speaks on the wire, for the suite that all of them pass: the same answers, each in its own words. */
import type { AnyPlugin, ChatUsage, FinishReason } from "../../../index.ts";
import type { AskedRequest, WireAnswer } from "../../support/model-server.ts";

export interface PlannedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface PlannedAnswer {
  /** Deltas of text. */
  readonly texts?: readonly string[];
  readonly calls?: readonly PlannedCall[];
  readonly finish?: FinishReason | "refused";
  readonly usage?: ChatUsage;
}

export type PlannedFailure =
  | "auth"
  | "context"
  | "overloaded"
  | "quota"
  | "rateLimit"
  | "refused"
  | "rejected"
  | "unknown";

export interface Dialect {
  readonly plugin: AnyPlugin;
  /** What its protocol has no place for: ids of calls, arguments that are cut off, keys, answers cut as unfit. */
  readonly lacks: readonly ("callIds" | "cutArguments" | "keys" | "refusedAnswers")[];
  /** For a server at that URL. */
  config(url: string): Readonly<Record<string, unknown>>;
  /** The answer as events, one a part, with its end. */
  events(answer: PlannedAnswer): string[];
  /** Of those the last, which says that nothing comes behind; undefined: the protocol has none. */
  readonly last: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  failure(why: PlannedFailure): WireAnswer;
  /** What the server was asked, in the words of the contract. */
  asked(request: AskedRequest): {
    readonly model: unknown;
    readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
    readonly tools: readonly string[];
    readonly key: string | undefined;
  };
}
