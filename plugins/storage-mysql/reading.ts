/**
 * Statements that do no more than read. A transaction that only reads keeps nothing from a statement that ends it: a block
 * (`BEGIN NOT ATOMIC`), a procedure, a setting. So what is asked for reading begins as a statement that reads, and has no comment that the
 * server would run.
 */
import { ToolError } from "../../core/index.ts";

const words = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC"];
/** White space and comments before the first word, and brackets. */
const before = /^(?:\s|\(|\/\*[^]*?\*\/|#[^\n]*(?:\n|$)|--(?:[ \t][^\n]*)?(?:\n|$))*/;
/** Outside of texts and names such a comment is code; within one it is hardly meant. */
const runComment = /\/\*M?!/i;

/** @throws ToolError `tool_denied`: it may do more than read. */
export function assertReads(sql: string): void {
  if (runComment.test(sql))
    throw new ToolError(
      "tool_denied",
      "a comment that the server runs (/*! ... */) is not taken for reading: leave it out",
    );
  const [word = ""] = /^[a-z]*/i.exec(sql.replace(before, "")) ?? [];
  // EXPLAIN and ANALYZE of MariaDB run what they explain, but within the transaction that only reads.
  if (words.includes(word.toUpperCase())) return;
  throw new ToolError(
    "tool_denied",
    `a statement for reading begins with ${words.slice(0, -1).join(", ")} or ${words.at(-1)}, got ${JSON.stringify(word)}: what changes the database is a statement for writing`,
  );
}
