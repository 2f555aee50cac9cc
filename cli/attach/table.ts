/** Rows as text in columns, the first row being their titles; numbers stand at the right. */
export function tableText(rows: readonly (readonly (string | number)[])[]): string {
  const widths = (rows[0] ?? []).map((_title, at) => Math.max(...rows.map((row) => String(row[at] ?? "").length)));
  const line = (row: readonly (string | number)[]) =>
    widths
      .map((width, at) => {
        const cell = row[at] ?? "";
        return typeof cell === "number" ? String(cell).padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join("");
}

/** Text for one cell: white space, also ends of lines, as one space; what is longer ends in three dots. */
export function oneLine(text: string, charsMax: number): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= charsMax ? line : `${line.slice(0, charsMax - 3)}...`;
}
