/**
 * What goes between the plugin and the program that runs a statement: a line of JSON each. One asks, the other tells; what is written is
 * committed only when the plugin has said `keepWord`, since it alone counts what the rows come to.
 */
import type { SqlRequest } from "../../core/index.ts";

export interface SqlAsked extends Required<Omit<SqlRequest, "id" | "timeoutMs">> {
  readonly file: string;
  readonly busyTimeoutMs: number;
}

/** The line that lets it commit. */
export const keepWord = "keep";

export type SqlTold =
  | { readonly type: "columns"; readonly columns: readonly string[] }
  | { readonly type: "row"; readonly row: readonly unknown[] }
  /** The next row is larger than may be. */
  | { readonly type: "cut" }
  /** All rows were told; the word is waited for. */
  | { readonly type: "whole" }
  | { readonly type: "end"; readonly changed: number }
  | { readonly type: "denied" | "error"; readonly message: string };
