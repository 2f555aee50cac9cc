/** Rows as they come, up to their bounds. */
import type { SqlAnswer } from "./sql.ts";
import { ToolError } from "./tool-failure.ts";

export class SqlRows {
  readonly #rowsMax: number;
  readonly #bytesMax: number;
  #columns: readonly string[] = [];
  readonly #rows: (readonly unknown[])[] = [];
  #bytes = 0;
  #isCut = false;

  constructor({ maxRows, maxBytes }: { readonly maxRows: number; readonly maxBytes: number }) {
    this.#rowsMax = maxRows;
    this.#bytesMax = maxBytes;
  }

  set columns(names: readonly string[]) {
    this.#columns = names;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** False: it is one too many, and none is wanted behind it. */
  add(row: readonly unknown[]): boolean {
    const plain = row.map(plainOf);
    this.#bytes += Buffer.byteLength(JSON.stringify(plain)) + 1;
    if (this.#rows.length >= this.#rowsMax || this.#bytes > this.#bytesMax) this.#isCut = true;
    else this.#rows.push(plain);
    return !this.#isCut;
  }

  /** More has come than may be held, of a row that is not whole yet. */
  cut(): void {
    this.#isCut = true;
  }

  /** @throws ToolError `tool_limit`: not even one row has room. */
  answer(changed?: number): SqlAnswer {
    if (this.#isCut && this.#rows.length === 0)
      throw new ToolError(
        "tool_limit",
        `the first row has more bytes than may be given (${this.#bytesMax}): ask for fewer columns, or for parts of them`,
      );
    return {
      columns: this.#columns,
      rows: this.#rows,
      isCut: this.#isCut,
      ...(changed !== undefined && { changed }),
    };
  }

  /** What a statement that writes gives has to be whole: what is cut is not kept. @throws ToolError `tool_limit`. */
  assertWhole(): void {
    if (this.#isCut)
      throw new ToolError("tool_limit", "the statement gives more rows than it may: nothing of it is kept");
  }
}

/** As JSON has it. */
function plainOf(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  return value === undefined ? null : value;
}
