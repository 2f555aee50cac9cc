/** A named pipe: whoever reads it is held in native code, where nothing can end it, until the pipe is disposed. */
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class NamedPipe implements Disposable {
  readonly path: string;
  #end: number | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), "mofa-pipe-"));

  constructor() {
    this.path = join(this.#folder, "pipe");
    execFileSync("mkfifo", [this.path]);
  }

  /** Resolves when somebody reads. */
  async isRead(): Promise<void> {
    while (this.#end === undefined) {
      try {
        this.#end = openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK);
      } catch (error) {
        if ((error as { code?: string }).code !== "ENXIO") throw error;
        await new Promise(setImmediate);
      }
    }
  }

  /** Lets the reader go on, with nothing read. */
  release(): void {
    if (this.#end !== undefined) closeSync(this.#end);
    this.#end = undefined;
  }

  [Symbol.dispose](): void {
    this.release();
    rmSync(this.#folder, { recursive: true });
  }
}
