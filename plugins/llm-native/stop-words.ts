/** The words at which an answer ends, found in a text that comes in parts. */
export class StopWords {
  readonly #words: readonly string[];
  /** What may be the beginning of one. */
  #held = "";

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** What can be passed on, and whether one of them came behind it. */
  push(part: string): { readonly text: string; readonly isOver: boolean } {
    const text = this.#held + part;
    const places = this.#words.map((word) => text.indexOf(word)).filter((place) => place >= 0);
    if (places.length > 0) {
      this.#held = "";
      return { text: text.slice(0, Math.min(...places)), isOver: true };
    }
    const end = text.length - Math.max(0, ...this.#words.map((word) => beginningAtEnd(text, word)));
    this.#held = text.slice(end);
    return { text: text.slice(0, end), isOver: false };
  }

  /** It was no beginning after all. */
  rest(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }
}

/** With how many of the word's characters the text ends. */
function beginningAtEnd(text: string, word: string): number {
  let length = Math.min(word.length - 1, text.length);
  while (length > 0 && !text.endsWith(word.slice(0, length))) length--;
  return length;
}
