/** Files of tiny models for llama.cpp, in a folder of their own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeTinyModel } from "../../examples/make-gguf.ts";

/** Digits, each as likely, behind a question mark; words without an end behind a tilde; a short answer behind the end of a line. */
const follows = [
  ...["1", "2", "3", "4", "5", "6"].map((digit) => ["?", digit] as const),
  ["~", " on"],
  [" on", " and"],
  [" and", " on"],
  ["\n", " It"],
  [" It", " is"],
  [" is", " sunny."],
  [" sunny.", "</s>"],
] as const;

export class TinyModels {
  readonly folder = mkdtempSync(join(tmpdir(), "mofa-tiny-models-"));

  /** @param sentence what it says in a chat; default: that of the quick brown fox */
  write(
    name: string,
    { sentence, contextLength = 4_096 }: { sentence?: string[]; contextLength?: number } = {},
  ): string {
    const file = this.path(`${name}.gguf`);
    writeTinyModel(file, { follows, contextLength, ...(sentence && { sentence }) });
    return file;
  }

  writeBytes(name: string, bytes: Uint8Array | string): string {
    const file = this.path(name);
    writeFileSync(file, bytes);
    return file;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
