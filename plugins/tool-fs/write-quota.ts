/** What may still be written into a root. Room is taken before the first byte, in one step, so that no two writes share it. */
import { ToolError } from "../../core/index.ts";

export interface QuotaLimits {
  readonly maxWrittenBytes: number;
  readonly maxCreated: number;
}

export class WriteQuota {
  readonly #root: string;
  readonly #limits: QuotaLimits;
  #bytes = 0;
  #created = 0;

  constructor(root: string, limits: QuotaLimits) {
    this.#root = root;
    this.#limits = limits;
  }

  get writtenBytes(): number {
    return this.#bytes;
  }

  get created(): number {
    return this.#created;
  }

  /** @returns gives it back: nothing was written. @throws ToolError `tool_limit`. */
  takeBytes(bytes: number): () => void {
    const left = this.#limits.maxWrittenBytes - this.#bytes;
    if (bytes > left)
      throw new ToolError(
        "tool_limit",
        `${this.#root}: ${bytes} bytes are more than may still be written into it (${left} of ${this.#limits.maxWrittenBytes}, maxWrittenBytes)`,
      );
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
    };
  }

  /** Of one file or folder. @returns gives it back: nothing was made. @throws ToolError `tool_limit`. */
  takeCreated(): () => void {
    if (this.#created >= this.#limits.maxCreated)
      throw new ToolError(
        "tool_limit",
        `${this.#root}: ${this.#limits.maxCreated} files and folders were made in it, and no more may be (maxCreated)`,
      );
    this.#created++;
    return () => {
      this.#created--;
    };
  }
}
