/** Temporary files that a killed process has left behind. Another one may write at this moment: only old ones are removed. */
import { unlink } from "node:fs/promises";
import { byDeadline } from "../../core/index.ts";
import type { Root } from "./root.ts";
import { isTemporary } from "./temporary-name.ts";
import { TreeBounds, treeBelow } from "./tree.ts";

export interface LeftoverBounds {
  readonly maxDepth: number;
  readonly maxVisited: number;
  readonly leftoverMs: number;
}

export interface Leftovers {
  readonly roots: readonly Root[];
  readonly bounds: LeftoverBounds;
  wallMs(): number;
  /** Of what was not looked at, or could not be. */
  warn(error: unknown): void;
  /** Ends it where it is. */
  readonly signal: AbortSignal;
}

/**
 * Removes them, and once more behind `leftoverMs` where some are too young: those that are still there then are of no write that is
 * under way. Resolves behind the first time, and does not reject.
 */
export async function removeLeftovers(leftovers: Leftovers): Promise<void> {
  const { bounds, signal } = leftovers;
  const isLeft = await removeOld(leftovers);
  if (!isLeft || signal.aborted) return;
  const cancel = byDeadline(bounds.leftoverMs, () => void removeOld(leftovers));
  signal.addEventListener("abort", cancel, { once: true });
}

/** @returns whether some are too young */
async function removeOld(leftovers: Leftovers): Promise<boolean> {
  const { roots, warn, signal } = leftovers;
  const young = await Promise.all(
    roots.map((root) =>
      removeOldOf(root, leftovers).catch((error: unknown) => {
        if (!signal.aborted) warn(error);
        return 0;
      }),
    ),
  );
  return young.some((count) => count > 0);
}

/** @returns how many are too young. @throws what the system says. */
async function removeOldOf(root: Root, { bounds, wallMs, warn, signal }: Leftovers): Promise<number> {
  const { maxDepth, maxVisited, leftoverMs } = bounds;
  const tree = new TreeBounds(maxDepth, maxVisited, signal);
  const nowMs = wallMs();
  let young = 0;
  await using folder = await root.folder([]);
  for await (const { folder: place, name, stats } of treeBelow(folder, tree)) {
    if (!isTemporary(name) || !stats.isFile()) continue;
    if (nowMs - stats.mtimeMs < leftoverMs) young++;
    else await unlink(place.at(name)).catch((error: unknown) => tree.skip(error));
  }
  if (tree.isCut)
    warn(
      new Error(
        `${root.name} was looked through for old temporary files only up to maxVisited (${maxVisited}): the others stay`,
      ),
    );
  return young;
}
