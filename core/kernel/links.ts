/**
 * The links and watchers of a cell, as data.
 *
 * Most actors have one link, to their supervisor: it stands in the cell itself, and a table is made with the second.
 */
import { type Cell, extraOf } from "../actor/cell.ts";
import { type RefData, refKey, sameRef } from "../actor/ref.ts";
import { RefTable } from "../actor/ref-table.ts";

/** All linked actors; a copy. */
export function linksOf(cell: Cell): RefData[] {
  if (cell.links instanceof RefTable) return [...cell.links.values()];
  return cell.links === undefined ? [] : [cell.links];
}

export function hasLink(cell: Cell, ref: RefData): boolean {
  return cell.links instanceof RefTable ? cell.links.has(ref) : sameRef(cell.links, ref);
}

/** False when they were linked already. */
export function addLink(cell: Cell, ref: RefData): boolean {
  const links = cell.links;
  if (links === undefined) {
    cell.links = ref;
    return true;
  }
  if (links instanceof RefTable) {
    const before = links.size;
    links.set(ref, ref);
    return links.size > before;
  }
  if (sameRef(links, ref)) return false;
  const table = new RefTable<RefData>((link) => link);
  table.set(links, links);
  table.set(ref, ref);
  cell.links = table;
  return true;
}

/** False when they were not linked. */
export function removeLink(cell: Cell, ref: RefData): boolean {
  const links = cell.links;
  if (links === undefined) return false;
  if (links instanceof RefTable) return links.delete(ref) !== undefined;
  if (!sameRef(links, ref)) return false;
  cell.links = undefined;
  return true;
}

export function watcherKey(watcher: RefData, id: number): string {
  return `${id}@${refKey(watcher)}`;
}

export function addWatcher(cell: Cell, watcher: RefData, id: number): void {
  const extra = extraOf(cell);
  extra.watchers ??= new Map();
  extra.watchers.set(watcherKey(watcher, id), { ref: watcher, id });
}
