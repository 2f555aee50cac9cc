/** Rows as text in columns. */

/** The title of a column; `right`: it and its cells stand at the right, as numbers do. */
export type Column = string | { readonly right: string };

export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly (string | number)[])[],
): readonly string[] {
  const titles = columns.map((column) => (typeof column === "string" ? column : column.right));
  const widths = titles.map((title, at) =>
    rows.reduce((width, row) => Math.max(width, String(row[at] ?? "").length), title.length),
  );
  return [titles, ...rows].map((row) =>
    widths
      .map((width, at) => {
        const cell = printable(String(row[at] ?? ""));
        return typeof columns[at] === "string" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
}

/** The same as one text. */
export function tableText(...table: Parameters<typeof tableLines>): string {
  return `${tableLines(...table).join("\n")}\n`;
}

/** Text for one cell: white space, also ends of lines, as one space; what is longer ends in three dots. */
export function oneLine(text: string, charsMax: number): string {
  const line = printable(text.replaceAll(/\s+/g, " ").trim());
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 3)}...`;
}

/** What an actor has said may not steer the terminal of who looks at it, nor turn words around: control and format characters are shown as U+FFFD. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "\u{FFFD}");
}

/** The same of a text of several lines, with its tabs. */
export function printableLines(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]|\p{Cf}/gu, "\u{FFFD}");
}

/** The same of a text that stands behind words of ours: of what an actor has said no further line begins as a line of ours would. */
export function paragraph(text: string): string {
  return printableLines(text).replaceAll(/\n(?![\t ])/g, "\n  ");
}
