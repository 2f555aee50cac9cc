/**
 * A block of lines at a terminal that is drawn anew in place. Plain ANSI: up, erase, hide and show the cursor. It erases
 * itself when it is disposed.
 */

/** What is needed of `process.stdout` or `process.stderr`. */
export type Screen = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export class Block implements Disposable {
  readonly #screen: Screen;
  #drawnLines = 0;

  /** @param screen a terminal. */
  constructor(screen: Screen) {
    this.#screen = screen;
    screen.write("\u001b[?25l");
  }

  /** In the place of the lines before. Those that are too long, or too many, are cut. */
  draw(lines: readonly string[]): void {
    const { columns = 80, rows = 24 } = this.#screen;
    const fitting = lines.slice(0, rows - 1).map((line) => clipped(line, columns - 1));
    this.#screen.write(`${this.#erased()}${fitting.join("\n")}\n`);
    this.#drawnLines = fitting.length;
  }

  [Symbol.dispose](): void {
    this.#screen.write(`${this.#erased()}\u001b[?25h`);
  }

  /** Back to the first line of the block, everything below it gone. */
  #erased(): string {
    return this.#drawnLines === 0 ? "" : `\u001b[${this.#drawnLines}F\u001b[J`;
  }
}

/** At most `width` visible characters: a line that wraps would be two, and the block would climb. */
function clipped(line: string, width: number): string {
  let visible = 0;
  let text = "";
  for (const piece of line.match(/\u001b\[[0-9;]*m|[^]/gu) ?? []) {
    if (piece.startsWith("\u001b")) text += piece;
    else if (visible < width) {
      text += piece;
      visible++;
    }
  }
  return text;
}
