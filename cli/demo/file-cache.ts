/**
 * Files that were read lately, kept whole. Each thread has one, shared by its agents: agents work on neighbouring
 * slices, and a slice is counted with a look at the bytes around it.
 */
import { readFileSync } from "node:fs";

/** Bytes kept at most, besides the file in hand. */
const bytesMax = 32 * 1_048_576;

class FileCache {
  /** Least recently used first. */
  readonly #files = new Map<string, Uint8Array>();
  #bytes = 0;

  /** @throws Error of node:fs when it cannot be read. */
  read(path: string): Uint8Array {
    const file = this.#files.get(path) ?? this.#load(path);
    this.#files.delete(path);
    this.#files.set(path, file);
    return file;
  }

  #load(path: string): Uint8Array {
    const file = readFileSync(path);
    this.#bytes += file.byteLength;
    for (const [oldest, { byteLength }] of this.#files) {
      if (this.#bytes <= bytesMax) break;
      this.#files.delete(oldest);
      this.#bytes -= byteLength;
    }
    return file;
  }
}

/** This thread's. It holds nothing that is not on disk, so it may be lost with its thread. */
export const fileCache = new FileCache();
