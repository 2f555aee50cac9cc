/**
 * The section "What can go wrong and what happens then" of core/README.md, whose cells are held against the tests they name.
 *
 * A cell names a test by a link with a title: `[live on](../test/file.test.ts "the test's title")`. A row whose first cell
 * does so has all its cells from that test.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "./package-root.ts";

export interface NamedTest {
  /** Below the package. */
  readonly file: string;
  readonly title: string;
}

export interface TableCell {
  /** Without its links' targets. */
  readonly text: string;
  /** What stands between backquotes. */
  readonly words: readonly string[];
  readonly tests: readonly NamedTest[];
}

/** The rows of all tables below a heading of a page, each as its cells. */
export function readTables(page: string, heading: string): readonly (readonly TableCell[])[] {
  const text = readFileSync(join(packageRoot, page), "utf8");
  const at = text.indexOf(`\n${heading}\n`);
  if (at < 0) throw new Error(`${page} has no heading ${heading}`);
  const level = heading.indexOf(" ");
  const section = text.slice(at + 1 + heading.length);
  const end = new RegExp(`\n#{1,${level}} `).exec(section)?.index;
  return section
    .slice(0, end)
    .split("\n")
    .filter(
      (line, number, lines) =>
        line.startsWith("| ") && !line.startsWith("| -") && lines[number + 1]?.startsWith("| -") !== true,
    )
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => readCell(page, cell.trim())),
    );
}

function readCell(page: string, cell: string): TableCell {
  const tests = [...cell.matchAll(/\]\(([^)\s]+) "([^"]*)"\)/g)].map(([, target = "", title = ""]) => ({
    file: join(dirname(page), target),
    title,
  }));
  const text = cell.replaceAll(/\[((?:[^\]`]|`[^`]*`)*)\]\([^)\s]+(?: "[^"]*")?\)/g, "$1");
  return { text, words: [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word), tests };
}

/** Of these tests those that are not there: their file is not, or no text in it is their title. */
export function missing(tests: readonly NamedTest[]): readonly string[] {
  return tests
    .filter(({ file, title }) => {
      const path = join(packageRoot, file);
      if (!existsSync(path)) return true;
      const source = readFileSync(path, "utf8");
      return title === "" || !['"', "'", "`"].some((quote) => source.includes(`${quote}${title}${quote}`));
    })
    .map(({ file, title }) => `${file}: ${title}`);
}
