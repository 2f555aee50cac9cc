/** Which files and folders below a folder this process holds open, by their paths. */
import { readdirSync, readlinkSync } from "node:fs";

export function heldBelow(folder: string): string[] {
  const held: string[] = [];
  for (const descriptor of readdirSync("/proc/self/fd")) {
    let path: string;
    try {
      path = readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch (error) {
      // The one by which the list was read.
      if ((error as { readonly code?: string }).code === "ENOENT") continue;
      throw error;
    }
    if (path === folder || path.startsWith(`${folder}/`)) held.push(path);
  }
  return held.sort();
}
