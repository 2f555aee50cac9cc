/**
 * What the demo works on: the text files below a folder, cut into slices.
 *
 * The walk is by name, byte for byte, so that the same folder gives the same slices on every machine. A file is text if
 * its first 8,000 bytes hold no NUL: git's rule (buffer_is_binary).
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { RuntimeError } from "../../index.ts";

/** Longest slice, in bytes. */
export const sliceBytesMax = 4_096;

/** Folders that are passed over: not written by the folder's author. `mofa-report` is the report's own. */
const passedOver: ReadonlySet<string> = new Set(["node_modules", "dist", ".git", "mofa-report"]);

const probeBytes = 8_000;

export interface CorpusFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
}

export interface Corpus {
  /** Absolute. */
  readonly folder: string;
  /** In the order of the walk. */
  readonly files: readonly CorpusFile[];
  /** Files and folders that could not be read, with the reason. */
  readonly unreadable: readonly string[];
}

/** A piece of a file. */
export interface Slice {
  readonly path: string;
  /** In bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

/**
 * Finds the text files below `folder`. Links are not followed, empty files count as text.
 * @throws RuntimeError `bad_argument`: no folder there, or no text in it.
 */
export function readCorpus(folder: string): Corpus {
  const root = resolve(folder);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new RuntimeError("bad_argument", `no folder ${root}: give one that has text files in it`);
  }
  const files: CorpusFile[] = [];
  const unreadable: string[] = [];
  const visit = (path: string) => {
    const entries = readdirSync(path, { withFileTypes: true });
    entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
    for (const entry of entries) {
      const below = join(path, entry.name);
      try {
        if (entry.isDirectory()) {
          if (!passedOver.has(entry.name)) visit(below);
        } else if (entry.isFile()) {
          const bytes = textBytes(below);
          if (bytes !== undefined) files.push({ path: below, bytes });
        }
      } catch (error) {
        unreadable.push(error instanceof Error ? error.message : below);
      }
    }
  };
  visit(root);
  if (files.every(({ bytes }) => bytes === 0)) {
    throw new RuntimeError("bad_argument", `no text below ${root}: give a folder that has text files in it`);
  }
  return { folder: root, files, unreadable };
}

/** The slices of all files, in order. An empty file has none. */
export function slicesOf(files: readonly CorpusFile[]): Slice[] {
  const slices: Slice[] = [];
  for (const { path, bytes } of files) {
    for (let offset = 0; offset < bytes; offset += sliceBytesMax) {
      slices.push({ path, offset, length: Math.min(sliceBytesMax, bytes - offset) });
    }
  }
  return slices;
}

/** The size of a text file; undefined for a binary one. */
function textBytes(path: string): number | undefined {
  const { size } = statSync(path);
  if (size === 0) return 0;
  const probe = Buffer.alloc(Math.min(size, probeBytes));
  const file = openSync(path, "r");
  try {
    const read = readSync(file, probe, 0, probe.length, 0);
    return probe.subarray(0, read).includes(0) ? undefined : size;
  } finally {
    closeSync(file);
  }
}
