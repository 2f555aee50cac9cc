/** `list_files`: what is in a folder, and below it. */
import { defineTool, type Tool } from "../../core/index.ts";
import { told } from "./fs-failure.ts";
import type { FsPlaces } from "./fs-places.ts";
import { globMatcher } from "./glob.ts";
import { globSchema, pathSchema } from "./schemas.ts";
import { isTemporary } from "./temporary-name.ts";
import { TreeBounds, treeBelow } from "./tree.ts";

interface ListFiles {
  readonly path?: string;
  readonly depth?: number;
  readonly pattern?: string;
}

interface ListedEntry {
  readonly path: string;
  readonly type: "file" | "folder" | "link" | "other";
  /** Of a file. */
  readonly bytes?: number;
  /** Of a root. */
  readonly mode?: "read" | "write";
}

interface ListAnswer {
  readonly entries: readonly ListedEntry[];
  /** There is more. */
  readonly isCut: boolean;
  /** What could not be looked at, where there is such. */
  readonly skipped?: number;
}

export function listFilesTool(places: FsPlaces): Tool {
  const { limits } = places;
  return defineTool<ListFiles, ListAnswer>({
    name: "list_files",
    description: `Lists the files and folders in a folder, at most ${limits.maxEntries}; without a path the roots. Roots: ${places.names}.`,
    isReadOnly: true,
    input: {
      type: "object",
      properties: {
        path: { ...pathSchema, minLength: 0 },
        depth: {
          type: "integer",
          minimum: 1,
          maximum: limits.maxDepth,
          description: "Default 1: what is in the folder itself; 2: also what is in its folders, and so on.",
        },
        pattern: globSchema,
      },
      additionalProperties: false,
    },
    async run({ path = "", depth = 1, pattern }, { signal }) {
      if (path === "" || path === ".") return { entries: rootsOf(places), isCut: false };
      const place = places.at(path);
      const isWanted = pattern === undefined ? () => true : globMatcher(pattern);
      const bounds = new TreeBounds(depth, limits.maxVisited, signal);
      const entries: ListedEntry[] = [];
      return await told(place.path.text, async () => {
        await using folder = await place.root.folder(place.path.parts);
        for await (const { name, parts, stats } of treeBelow(folder, bounds)) {
          if (isTemporary(name) || !isWanted(parts)) continue;
          if (entries.length === limits.maxEntries) {
            bounds.isCut = true;
            break;
          }
          const type = typeOf(stats);
          const text = `${place.path.text}/${parts.join("/")}`;
          entries.push({ path: text, type, ...(type === "file" && { bytes: stats.size }) });
        }
        return { entries, isCut: bounds.isCut, ...(bounds.skipped > 0 && { skipped: bounds.skipped }) };
      });
    },
  });
}

function rootsOf({ roots }: FsPlaces): ListedEntry[] {
  return roots.map(({ name, mode }) => ({ path: name, type: "folder", mode }));
}

function typeOf(stats: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): ListedEntry["type"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "folder";
  return stats.isSymbolicLink() ? "link" : "other";
}
