/**
 * Statements that do no more than read. A transaction that only reads keeps nothing from a statement that ends it: a block
 * (`BEGIN NOT ATOMIC`), a procedure, a setting. So what is asked for reading begins as a statement that reads, and has no comment that the
 * server would run.
 */
import { ToolError } from "../../core/index.ts";

const words = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC"];
/** White space and comments before the first word, and brackets: those of the server, and none that it might take for something else. */
const before = /^(?:[ \t\n\v\f\r(]|\/\*[^]*?\*\/|#[^\n]*(?:\n|$)|--(?:[ \t\v\f\r][^\n]*)?(?:\n|$))*/;
/** As long as a name of the server's goes: `SELECT_x` is another word. */
const firstWord = /^(?:[\w$\x80-\uffff]+|[^])/;
/** Outside of texts and names such a comment is code; within one it is hardly meant. */
const runComment = /\/\*M?!/i;

/** @throws ToolError `tool_denied`: it may do more than read. */
export function assertReads(sql: string): void {
  const comment = runComment.exec(sql)?.[0];
  if (comment !== undefined)
    throw new ToolError(
      "tool_denied",
      `a comment that the server may run (${comment} ... */) is not taken for reading: leave it out, and give a text that has it as a parameter`,
    );
  const word = firstWord.exec(sql.replace(before, ""))?.[0] ?? "";
  // EXPLAIN of MariaDB may run a part of what it explains, but within the transaction that only reads.
  if (words.includes(word.toUpperCase())) return;
  throw new ToolError(
    "tool_denied",
    `a statement for reading begins with ${words.slice(0, -1).join(", ")} or ${words.at(-1)}, got ${JSON.stringify(word.slice(0, 40))}: begin with one of these, or give what changes the database as a statement for writing (execute)`,
  );
}
