/**
 * The error output of a process: it goes to that of this one, but for V8's last words when it aborts. They are long, and
 * belong to the crash report.
 */
import type { Readable } from "node:stream";
import { afterMs } from "../clock.ts";
import { standardError } from "./outlet.ts";

/** How V8 and Node begin when they abort. */
const fatalWords = /\n?(<--- Last few GCs --->|FATAL ERROR: |# Fatal error in|----- Native stack trace -----)/;
/** What V8 says of a full heap and right behind it, but for the lines of a report (`--report-on-fatalerror`), the stack that Node prints as it aborts. */
const heapIsFull =
  /^FATAL ERROR: [^\n]*(?:JavaScript heap out of memory|Allocation failed)[^\n]*\n(?:\s|Writing Node\.js report[^\n]*|Node\.js report completed[^\n]*)*----- Native stack trace -----/;
/** An abort on request has the stack of the JavaScript that asked for it, where V8 out of memory has none left to walk. */
const javaScriptStack = "----- JavaScript stack trace -----";
/** Node's frame of an abort out of memory, where frames have names. */
const outOfMemoryFrame = "OOMErrorHandler";
/** Signals by which V8 and Node abort. */
const abortSignals: readonly unknown[] = ["SIGABRT", "SIGTRAP", "SIGILL"];
/** Of the words that may be the last, what is kept. */
const keptChars = 16_384;
/** Words that are followed by no end within this time are shown: they may be a program's own. A busy machine takes its time to abort. */
const holdMs = 5_000;

export class ErrorOutput {
  readonly #pass: (text: string) => void;
  /** What may be the last words. */
  #held = "";
  /** What was taken for them and has been shown since. */
  #shown = "";
  #cancelHold: (() => void) | undefined;

  constructor(stream: Readable) {
    this.#pass = (text) => standardError.pass(stream, text);
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => this.#take(text));
  }

  /** V8's last words, if it was that signal that ended the process and it said why; what was no such words is shown, at the latest now. */
  lastWords(signal: unknown): string | undefined {
    const words = this.#shown + this.#held;
    if (words === "" || !abortSignals.includes(signal)) {
      this.#show();
      return undefined;
    }
    this.#cancelHold?.();
    return words;
  }

  #take(text: string): void {
    const at = this.#held === "" ? text.search(fatalWords) : 0;
    if (at < 0) {
      this.#pass(text);
      return;
    }
    if (at > 0) this.#pass(text.slice(0, at));
    if (this.#held === "") this.#cancelHold = afterMs(holdMs, () => this.#show());
    this.#held += text.slice(at);
    if (this.#held.length > keptChars) this.#show();
  }

  #show(): void {
    this.#cancelHold?.();
    const text = this.#held;
    this.#held = "";
    this.#shown = (this.#shown + text).slice(-keptChars);
    if (text !== "") this.#pass(text);
  }
}

/** Whether it was a full heap: the program may have printed such words itself, and aborted for another reason. */
export function isHeapFull(lastWords: string | undefined): boolean {
  if (lastWords === undefined) return false;
  const verdict = lastWords.slice(Math.max(0, lastWords.lastIndexOf("FATAL ERROR: ")));
  return heapIsFull.test(verdict) && (!verdict.includes(javaScriptStack) || verdict.includes(outOfMemoryFrame));
}

/** Of V8's last words the stack of the program; all of them where there is none. */
export function abortStack(lastWords: string): string {
  const begin = lastWords.lastIndexOf(javaScriptStack);
  return (begin < 0 ? lastWords : lastWords.slice(begin)).trim();
}
