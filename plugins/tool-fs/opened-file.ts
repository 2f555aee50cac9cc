/** Reads of a file that is open, which may grow, shrink or be replaced meanwhile: each has a bound of its own. */
import type { FileHandle } from "node:fs/promises";
import { ToolError } from "../../core/index.ts";
import type { FsConfig } from "./config.ts";
import type { Folder } from "./folder.ts";
import type { Root } from "./root.ts";

export const chunkBytes = 65_536;

export interface OpenedFile extends AsyncDisposable {
  readonly handle: FileHandle;
  /** When it was opened. */
  readonly bytes: number;
  readonly text: string;
}

/**
 * @param root undefined: the caller has the root's turn
 * @throws ToolError `tool_denied`: it is a link, a device, or has several names.
 */
export async function openedFile(
  folder: Folder,
  name: string,
  { hardLinks }: Pick<FsConfig, "hardLinks">,
  signal: AbortSignal,
  root: Root | undefined,
): Promise<OpenedFile> {
  const handle = await folder.file(name);
  const text = `${folder.text}/${name}`;
  try {
    const namesOf = async () => (await handle.stat()).nlink;
    // A file that is made just now has two names for a moment.
    const hasSeveral = hardLinks === "deny" && (await namesOf()) > 1;
    if (hasSeveral && (root === undefined || (await root.inTurn(signal, namesOf)) > 1))
      throw new ToolError(
        "tool_denied",
        `${text}: it has several names (hard links), and so may be one of elsewhere: it is not read`,
      );
    const bytes = (await handle.stat()).size;
    return { handle, bytes, text, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** At most `bytes`, from there on; fewer at the end of the file. */
export async function bytesAt(
  handle: FileHandle,
  from: number,
  bytes: number,
  signal: AbortSignal,
): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let left = bytes;
  for (let at = from; left > 0; ) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(chunkBytes, left)), 0, undefined, at);
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    at += bytesRead;
    left -= bytesRead;
  }
  return Buffer.concat(chunks);
}

/** @throws ToolError `tool_limit`: it is larger, or has grown while it was read. */
export async function wholeFile(
  { handle, text }: OpenedFile,
  maxFileBytes: number,
  signal: AbortSignal,
): Promise<Buffer<ArrayBuffer>> {
  const content = await bytesAt(handle, 0, maxFileBytes + 1, signal);
  if (content.length > maxFileBytes) throw tooLarge(text, maxFileBytes);
  return content;
}

export function tooLarge(text: string, maxFileBytes: number): ToolError {
  return new ToolError("tool_limit", `${text}: it has more than ${maxFileBytes} bytes (maxFileBytes)`);
}
