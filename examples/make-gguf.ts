/**
 * Writes the file of a tiny model, which llama.cpp loads as any other: it knows one sentence, and needs no download.
 *
 *     node examples/make-gguf.ts [file]
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type TinyModel, tinyModel } from "./gguf/tiny-model.ts";

const help = `Writes a tiny model of llama's kind, some 2 MB, in the format GGUF: it says one sentence.

  node examples/make-gguf.ts [file]   default: tiny.gguf, in this folder
`;

/** @returns how many bytes it has. */
export function writeTinyModel(file: string, model?: TinyModel): number {
  const bytes = tinyModel(model);
  writeFileSync(file, bytes);
  return bytes.length;
}

if (import.meta.main) {
  const [argument = "tiny.gguf", ...more] = process.argv.slice(2);
  if (argument === "--help" || argument === "-h") process.stdout.write(help);
  else if (argument.startsWith("-") || more.length > 0) {
    process.stderr.write(help);
    process.exitCode = 2;
  } else {
    const file = resolve(argument);
    console.log(`${file}: ${writeTinyModel(file)} bytes`);
  }
}
