/** What a program says, up to a bound; the rest is read, so that it goes on, and left out, up to another bound. */
import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import type { ShellConfig } from "./config.ts";

export interface ProgramTexts {
  readonly stdout: string;
  readonly stderr: string;
  /** There was more than is given here. */
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
}

export class ProgramOutput {
  readonly #stdout: BoundedText;
  readonly #stderr: BoundedText;

  /** @param flooded called when more was left out than may be */
  constructor(
    { stdout, stderr }: ChildProcess,
    { maxOutputBytes, maxDiscardedBytes }: Pick<ShellConfig, "maxOutputBytes" | "maxDiscardedBytes">,
    flooded: () => void,
  ) {
    let discarded = 0;
    const over = (bytes: number) => {
      discarded += bytes;
      if (discarded > maxDiscardedBytes) flooded();
    };
    this.#stdout = new BoundedText(stdout, maxOutputBytes, over);
    this.#stderr = new BoundedText(stderr, maxOutputBytes, over);
  }

  get texts(): ProgramTexts {
    return {
      stdout: this.#stdout.text,
      stderr: this.#stderr.text,
      stdoutTruncated: this.#stdout.isTruncated,
      stderrTruncated: this.#stderr.isTruncated,
    };
  }
}

class BoundedText {
  readonly #chunks: Buffer[] = [];
  #left: number;
  isTruncated = false;

  constructor(stream: Readable | null, bytesMax: number, over: (bytes: number) => void) {
    this.#left = bytesMax;
    stream?.on("data", (chunk: Buffer) => {
      const kept = chunk.subarray(0, this.#left);
      this.#left -= kept.length;
      // A copy: what is kept of a large chunk would hold all of it.
      if (kept.length > 0) this.#chunks.push(Buffer.from(kept));
      if (kept.length === chunk.length) return;
      this.isTruncated = true;
      over(chunk.length - kept.length);
    });
  }

  /** A letter that is cut in two at the end is left out; what is no UTF-8 shows. */
  get text(): string {
    return new TextDecoder().decode(Buffer.concat(this.#chunks), { stream: this.isTruncated });
  }
}
