/** Lines of a stream of bytes, of which none is ever held that is longer than it may be. */

export type BoundedLine =
  | { readonly text: string; readonly bytes: number }
  /** One that was too long: how it began, how it ended, and nothing between. */
  | { readonly text: undefined; readonly bytes: number; readonly head: string; readonly tail: string };

const newline = 10;
/** Kept of each end of a line that is too long: enough for a message to say whose answer it is. */
const endBytes = 256;

export class BoundedLines {
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  /** Of a line that is too long. */
  #head: Buffer | undefined;
  #tail = Buffer.alloc(0);

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that end in this part; what is behind the last of them waits for its end. */
  *take(chunk: Uint8Array): Generator<BoundedLine> {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(newline, from);
      if (at === -1) {
        this.#add(chunk.subarray(from));
        return;
      }
      this.#add(chunk.subarray(from, at));
      yield this.#end();
      from = at + 1;
    }
  }

  #add(part: Uint8Array): void {
    this.#bytes += part.length;
    if (this.#head === undefined) {
      this.#parts.push(part);
      if (this.#bytes <= this.#bytesMax) return;
      const all = Buffer.concat(this.#parts);
      this.#parts = [];
      this.#head = Buffer.from(all.subarray(0, endBytes));
      this.#tail = Buffer.from(all.subarray(-endBytes));
    } else this.#tail = Buffer.from(Buffer.concat([this.#tail, part.subarray(-endBytes)]).subarray(-endBytes));
  }

  #end(): BoundedLine {
    const [bytes, head, tail, parts] = [this.#bytes, this.#head, this.#tail, this.#parts];
    this.#bytes = 0;
    this.#head = undefined;
    this.#tail = Buffer.alloc(0);
    this.#parts = [];
    if (head !== undefined) return { text: undefined, bytes, head: head.toString("utf8"), tail: tail.toString("utf8") };
    return { text: Buffer.concat(parts).toString("utf8"), bytes };
  }
}
