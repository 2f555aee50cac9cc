/**
 * `search_files`: lines that have a text. No regular expressions: one that a model has been talked into can hold a thread for hours, and Node
 * has no engine that is safe from it.
 */
import { defineTool, type Tool, ToolError } from "../../core/index.ts";
import type { Folder } from "./folder.ts";
import { codeOf, told } from "./fs-failure.ts";
import type { FsPlaces } from "./fs-places.ts";
import { globMatcher } from "./glob.ts";
import { bytesAt, chunkBytes, openedFile } from "./opened-file.ts";
import { globSchema, pathSchema } from "./schemas.ts";
import { isTemporary } from "./temporary-name.ts";
import { TreeBounds, treeBelow } from "./tree.ts";

interface SearchFiles {
  readonly path: string;
  readonly text: string;
  readonly ignoreCase?: boolean;
  readonly pattern?: string;
}

interface FoundLine {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** Of that line; of a long one what is around it. */
  readonly text: string;
}

interface SearchAnswer {
  readonly matches: readonly FoundLine[];
  /** There may be more. */
  readonly isCut: boolean;
  /** Files that were not searched, where there are such: no text, too large, or not to be read. */
  readonly skipped?: number;
}

/** Of what is told of a line. */
const lineCharsMax = 300;
/** Of a line that is searched as one. */
const lineBytesMax = 1_048_576;

export function searchFilesTool(places: FsPlaces): Tool {
  const { limits } = places;
  return defineTool<SearchFiles, SearchAnswer>({
    name: "search_files",
    description: `Finds the lines that have a text, in the files below a folder or in one file: at most ${limits.maxMatches}. The text is taken as it is, and is no regular expression. Roots: ${places.names}.`,
    isReadOnly: true,
    input: {
      type: "object",
      properties: {
        path: pathSchema,
        text: { type: "string", minLength: 1, maxLength: 1_000, description: "Within one line." },
        ignoreCase: { type: "boolean", description: "Default false." },
        pattern: globSchema,
      },
      required: ["path", "text"],
      additionalProperties: false,
    },
    async run({ path, text, ignoreCase = false, pattern }, { signal }) {
      if (/[\r\n]/.test(text)) throw new ToolError("tool_arguments", "text is within one line: it has no line end");
      const place = places.at(path);
      const isWanted = pattern === undefined ? () => true : globMatcher(pattern);
      const bounds = new TreeBounds(limits.maxDepth, limits.maxVisited, signal);
      const matches: FoundLine[] = [];
      const find = finder(text, ignoreCase);
      /** False: it is enough. */
      const searchFile = async (folder: Folder, name: string, pathText: string): Promise<boolean> => {
        await using file = await openedFile(folder, name, limits, signal, place.root);
        if (file.bytes > limits.maxFileBytes) throw notSearched(pathText);
        for await (const { line, number } of linesOf(file, signal)) {
          const found = find(line);
          if (found === undefined) continue;
          if (matches.length === limits.maxMatches) {
            bounds.isCut = true;
            return false;
          }
          matches.push({ path: pathText, line: number, text: found });
        }
        return true;
      };
      const answer = () => ({
        matches,
        isCut: bounds.isCut,
        ...(bounds.skipped > 0 && { skipped: bounds.skipped }),
      });
      return await told(place.path.text, async () => {
        const one = await folderOrFile(place.root, place.path.parts);
        await using folder = one.folder;
        if (one.name !== undefined) {
          await searchFile(folder, one.name, place.path.text);
          return answer();
        }
        for await (const { folder: inner, name, parts, stats } of treeBelow(folder, bounds)) {
          if (!stats.isFile() || isTemporary(name) || !isWanted(parts)) {
            if (stats.isDirectory() && parts.length === limits.maxDepth) bounds.isCut = true;
            continue;
          }
          try {
            if (!(await searchFile(inner, name, `${place.path.text}/${parts.join("/")}`))) break;
          } catch (error) {
            bounds.skip(error);
          }
        }
        return answer();
      });
    },
  });
}

function notSearched(path: string): ToolError {
  return new ToolError("tool_denied", `${path}: it is no text, or larger than maxFileBytes: it is not searched`);
}

async function folderOrFile(
  root: { folder(parts: readonly string[]): Promise<Folder> },
  parts: readonly string[],
): Promise<{ readonly folder: Folder; readonly name: string | undefined }> {
  try {
    return { folder: await root.folder(parts), name: undefined };
  } catch (error) {
    if (codeOf(error) !== "ENOTDIR") throw error;
    return { folder: await root.folder(parts.slice(0, -1)), name: parts.at(-1) };
  }
}

/** What of the line is told; undefined: it has it not. */
function finder(text: string, ignoreCase: boolean): (line: string) => string | undefined {
  const wanted = ignoreCase ? text.toLowerCase() : text;
  return (line) => {
    const at = (ignoreCase ? line.toLowerCase() : line).indexOf(wanted);
    if (at < 0) return undefined;
    const from = line.length <= lineCharsMax ? 0 : Math.max(0, Math.min(at - 50, line.length - lineCharsMax));
    return line.slice(from, from + lineCharsMax).toWellFormed();
  };
}

/** Each without its end; of bytes that are no UTF-8 what can be read of them. @throws ToolError `tool_denied`: it is no text. */
async function* linesOf(
  { handle, bytes, text }: Awaited<ReturnType<typeof openedFile>>,
  signal: AbortSignal,
): AsyncGenerator<{ readonly line: string; readonly number: number }, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  for (let at = 0; at < bytes; ) {
    const chunk = await bytesAt(handle, at, Math.min(chunkBytes, bytes - at), signal);
    if (chunk.length === 0) break;
    if (chunk.includes(0)) throw notSearched(text);
    at += chunk.length;
    const ready = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = ready.indexOf(10); end >= 0; end = ready.indexOf(10, start)) {
      yield { line: lineOf(ready, start, end), number: ++number };
      start = end + 1;
    }
    rest = ready.subarray(start);
    if (rest.length > lineBytesMax) throw notSearched(text);
  }
  if (rest.length > 0) yield { line: lineOf(rest, 0, rest.length), number: ++number };
}

function lineOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("utf8", start, bytes[end - 1] === 13 ? end - 1 : end);
}
