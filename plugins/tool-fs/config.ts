/** The configuration of `tool-fs`. */
import { type ConfigKey, choiceKey, configSchema, countKey, type ToolLimits, toolLimits } from "../../core/index.ts";

export interface FsRoot {
  /** What the paths of the tools begin with: 1 to 64 of `a-z A-Z 0-9 _ -`. */
  readonly name: string;
  /** A folder that is there, absolute. It may be a link: where that leads when the plugin starts is the root. */
  readonly path: string;
  /** `read`: nothing in it is ever changed. */
  readonly mode: "read" | "write";
}

export interface FsConfig extends ToolLimits {
  /** At least one, and none in another. All that the tools reach is in them, whatever they are asked for. */
  readonly roots: readonly FsRoot[];
  /** Of a file that is written, edited, searched, or read by lines. Default 10,485,760. */
  readonly maxFileBytes: number;
  /** What one read gives, at most. Default 131,072: as JSON it stays below `maxResultBytes`, whatever it has. */
  readonly maxReadBytes: number;
  /** What is written into one root, in all, since the plugin has started: each write counts with the whole file. Default 104,857,600. */
  readonly maxWrittenBytes: number;
  /** Files and folders that are made in one root since the plugin has started. Default 10,000. */
  readonly maxCreated: number;
  /** Of one list. Default 1,000. */
  readonly maxEntries: number;
  /** Of one search: lines. Default 200. */
  readonly maxMatches: number;
  /** Files and folders that one list or search looks at. Default 100,000. */
  readonly maxVisited: number;
  /** Folders in one another, of paths, lists and searches. Default 32. */
  readonly maxDepth: number;
  /** A file with several names may also be one outside the roots: `deny` does not read such files. Default `deny`. */
  readonly hardLinks: "deny" | "allow";
  /** Temporary files of writes that a killed process has left are removed when they are that old, in ms. Default 600,000. */
  readonly leftoverMs: number;
}

const rootName = /^[a-zA-Z0-9_-]{1,64}$/;
const rootKeys = ["mode", "name", "path"];

function isRoot(value: unknown): value is FsRoot {
  if (typeof value !== "object" || value === null) return false;
  const { name, path, mode } = value as Partial<FsRoot>;
  return (
    Object.keys(value).sort().join() === rootKeys.join() &&
    typeof name === "string" &&
    rootName.test(name) &&
    typeof path === "string" &&
    path.startsWith("/") &&
    !path.includes("\0") &&
    (mode === "read" || mode === "write")
  );
}

const rootsKey: ConfigKey<readonly FsRoot[]> = {
  initial: undefined,
  isRight(value) {
    if (!Array.isArray(value) || value.length === 0 || !value.every(isRoot)) return false;
    return new Set(value.map(({ name }) => name.toLowerCase())).size === value.length;
  },
  what: 'is a list of { name: "notes", path: "/an/absolute/folder", mode: "read" or "write" }, each with a name of its own',
};

export const fsConfig = configSchema<FsConfig>({
  ...toolLimits,
  roots: rootsKey,
  maxFileBytes: countKey(10_485_760, 1),
  maxReadBytes: countKey(131_072, 4),
  maxWrittenBytes: countKey(104_857_600, 0, Number.MAX_SAFE_INTEGER),
  maxCreated: countKey(10_000, 0),
  maxEntries: countKey(1_000, 1),
  maxMatches: countKey(200, 1),
  maxVisited: countKey(100_000, 1),
  maxDepth: countKey(32, 1, 100),
  hardLinks: choiceKey("deny", ["deny", "allow"]),
  leftoverMs: countKey(600_000, 0),
});
