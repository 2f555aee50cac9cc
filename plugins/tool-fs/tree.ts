/** What is below a folder, in the order of the names: no link is followed, and what goes away in the meantime is passed over. */
import type { Stats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import type { Folder } from "./folder.ts";
import { codeOf } from "./fs-failure.ts";

export interface TreeEntry {
  readonly folder: Folder;
  readonly name: string;
  /** Below where it began, with its name. */
  readonly parts: readonly string[];
  readonly stats: Stats;
}

/** How far one walk may go, and what it has left out. */
export class TreeBounds {
  readonly depth: number;
  readonly signal: AbortSignal;
  #left: number;
  /** There is more than was looked at. */
  isCut = false;
  /** What could not be looked at. */
  skipped = 0;

  constructor(depth: number, visitedMax: number, signal: AbortSignal) {
    this.depth = depth;
    this.#left = visitedMax;
    this.signal = signal;
  }

  get isSpent(): boolean {
    return this.#left === 0;
  }

  visit(): void {
    this.#left--;
  }

  /** Passes over what is not there any more, or is not for everybody. @throws anything else. */
  skip(error: unknown): void {
    if (!passedOver.has(codeOf(error) ?? "")) throw error;
    this.skipped++;
  }
}

const passedOver = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ELOOP", "ENXIO", "tool_denied", "tool_failed"]);

/** Folders come before what is in them. */
export async function* treeBelow(
  folder: Folder,
  bounds: TreeBounds,
  above: readonly string[] = [],
): AsyncGenerator<TreeEntry, void, void> {
  for (const name of await namesIn(folder, bounds)) {
    bounds.signal.throwIfAborted();
    const parts = [...above, name];
    let stats: Stats;
    try {
      stats = await lstat(folder.at(name));
    } catch (error) {
      bounds.skip(error);
      continue;
    }
    yield { folder, name, parts, stats };
    if (!stats.isDirectory() || parts.length >= bounds.depth) continue;
    let child: Folder;
    try {
      child = await folder.folder(name);
    } catch (error) {
      bounds.skip(error);
      continue;
    }
    await using opened = child;
    yield* treeBelow(opened, bounds, parts);
  }
}

/** As many as may still be looked at: a folder may have millions. */
async function namesIn(folder: Folder, bounds: TreeBounds): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder.self, { bufferSize: 256 })) {
      bounds.signal.throwIfAborted();
      if (bounds.isSpent) {
        bounds.isCut = true;
        break;
      }
      bounds.visit();
      names.push(name);
    }
    await folder.assertInside();
  } catch (error) {
    bounds.skip(error);
    return [];
  }
  return names.sort();
}
