/** A path as a model has written it: `<root>/<folder>/<name>`, checked before anything is opened. */
import { describe, ToolError } from "../../core/index.ts";
import { isTemporary } from "./temporary-name.ts";

export interface FsPath {
  readonly root: string;
  /** From the root on; none: the root itself. */
  readonly parts: readonly string[];
  /** As it is told: without what it need not have. */
  readonly text: string;
}

/** What Linux takes, with its end. */
const bytesMax = 4_095;

/**
 * @param depthMax folders below the root, and the name
 * @throws ToolError `tool_denied`: it could lead out of a root; `tool_limit`: it is too long or too deep.
 */
export function fsPath(given: string, depthMax: number): FsPath {
  const refuse = (why: string) => new ToolError("tool_denied", `the path ${describe(given)} ${why}`);
  if (given.includes("\0")) throw refuse("has a NUL in it, which no name has");
  if (!given.isWellFormed()) throw refuse("has half a character in it: it has no form on disk");
  if (Buffer.byteLength(given) > bytesMax) throw new ToolError("tool_limit", `a path has at most ${bytesMax} bytes`);
  if (given.startsWith("/"))
    throw refuse('is absolute: begin it with the name of a root, without "/"; list_files without a path lists them');
  const parts = given.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw refuse('has ".." in it: begin it with the name of a root, and go down from there');
  if (parts.some(isTemporary)) throw refuse("is the name of a write under way, and nobody else's");
  const [root = "", ...rest] = parts;
  if (rest.length > depthMax)
    throw new ToolError("tool_limit", `the path has ${rest.length} parts below its root, and maxDepth is ${depthMax}`);
  return { root, parts: rest, text: parts.join("/") };
}
