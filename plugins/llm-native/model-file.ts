/** A model's file, looked at before llama.cpp is given it: whatever is wrong with it is said in words. */
import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { errorData, RuntimeError } from "../../core/index.ts";

const magic = "GGUF";
/** The magic number, the version, the numbers of tensors and of keys. */
const headBytes = 24;

/** How the model is named in requests and answers. */
export function modelName(file: string): string {
  return basename(file).replace(/\.gguf$/i, "") || "model";
}

/** @throws RuntimeError `model_failed`, by rejection: it is not there, or none of that format. */
export async function assertModelFile(key: string, file: string): Promise<void> {
  const wrong = (what: string, cause?: unknown) =>
    new RuntimeError("model_failed", `${key}: ${file} ${what}`, cause === undefined ? undefined : { cause });
  const head = Buffer.alloc(headBytes);
  let length: number;
  try {
    // Before it is opened: a pipe would let nobody go on until somebody writes.
    if (!(await stat(file)).isFile()) throw wrong("is no file");
    await using handle = await open(file);
    ({ bytesRead: length } = await handle.read(head, 0, headBytes, 0));
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    const { code, message } = errorData(error);
    throw wrong(code === "ENOENT" ? "is not there" : `cannot be read: ${message}`, error);
  }
  const found = head.subarray(0, magic.length).toString("latin1");
  if (found !== magic)
    throw wrong(`is no model in the format GGUF: it begins with ${JSON.stringify(found.slice(0, length))}`);
  if (length < headBytes) throw wrong(`is cut off: it has ${length} bytes`);
}
