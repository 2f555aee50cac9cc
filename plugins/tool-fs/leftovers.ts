/** Temporary files that a killed process has left behind. Another one may write at this moment: only old ones are removed. */
import { unlink } from "node:fs/promises";
import type { Root } from "./root.ts";
import { isTemporary } from "./temporary-name.ts";
import { TreeBounds, treeBelow } from "./tree.ts";

export interface LeftoverBounds {
  readonly maxDepth: number;
  readonly maxVisited: number;
  readonly leftoverMs: number;
}

/** @returns how many are too young. @throws what the system says. */
export async function removeLeftovers(
  root: Root,
  { maxDepth, maxVisited, leftoverMs }: LeftoverBounds,
  nowMs: number,
  signal: AbortSignal,
): Promise<number> {
  const bounds = new TreeBounds(maxDepth, maxVisited, signal);
  let young = 0;
  await using folder = await root.folder([]);
  for await (const { folder: place, name, stats } of treeBelow(folder, bounds)) {
    if (!isTemporary(name) || !stats.isFile()) continue;
    if (nowMs - stats.mtimeMs < leftoverMs) young++;
    else await unlink(place.at(name)).catch((error: unknown) => bounds.skip(error));
  }
  return young;
}
