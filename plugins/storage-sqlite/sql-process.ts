/** What goes between the plugin and the program that runs a statement: a line of JSON each. */
import type { SqlRequest } from "../../core/index.ts";

export interface SqlAsked extends Required<Omit<SqlRequest, "id" | "timeoutMs">> {
  readonly file: string;
  readonly busyTimeoutMs: number;
}

export type SqlTold =
  | { readonly type: "columns"; readonly columns: readonly string[] }
  | { readonly type: "row"; readonly row: readonly unknown[] }
  /** The next row is larger than may be. */
  | { readonly type: "cut" }
  | { readonly type: "end"; readonly changed: number }
  | { readonly type: "denied" | "error"; readonly message: string };
