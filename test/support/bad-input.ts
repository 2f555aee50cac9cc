/**
 * The table "Bad input and bad luck" of core/SEMANTICS.md, from which tests read what they expect.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

/** From the first cell of each row to the codes and exit reasons in its second: what stands between backquotes there. */
export function readBadInput(): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(join(packageRoot, "core", "SEMANTICS.md"), "utf8");
  const section = text.slice(text.indexOf("\n## Bad input and bad luck\n"));
  const table = section.slice(section.indexOf("| what | error code or exit reason |"));
  const rows = table
    .split("\n")
    .slice(2)
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  return new Map(
    rows.map(([, what = "", outcome = ""]) => [
      what,
      [...outcome.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? ""),
    ]),
  );
}

/** An exit reason as the table writes it: `killed`, or `{ error }` for whatever is in it. */
export function shapeOf(reason: unknown): string {
  return typeof reason === "object" && reason !== null ? `{ ${Object.keys(reason).join(", ")} }` : String(reason);
}

/** What a promise, or a function, threw: its code. */
export async function codeOf(action: (() => unknown) | Promise<unknown>): Promise<string> {
  try {
    await (typeof action === "function" ? action() : action);
    return "no error";
  } catch (error) {
    return (error as { code?: string }).code ?? `no code: ${String(error)}`;
  }
}
