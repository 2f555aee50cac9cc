/** `edit_file`: a text in a file takes the place of another one. */
import { isUtf8 } from "node:buffer";
import type { BigIntStats } from "node:fs";
import { lstat } from "node:fs/promises";
import { defineTool, type Tool, ToolError } from "../../core/index.ts";
import type { FsPlaces } from "./fs-places.ts";
import { openedFile, tooLarge, wholeFile } from "./opened-file.ts";
import { pathSchema } from "./schemas.ts";
import { writeWhole } from "./whole-write.ts";

interface EditFile {
  readonly path: string;
  readonly oldText: string;
  readonly newText: string;
  readonly all?: boolean;
}

interface EditAnswer {
  readonly replaced: number;
  /** Of the file, now. */
  readonly bytes: number;
}

/** Of one call: each costs time in which nothing else runs. */
const replacedMax = 100_000;

export function editFileTool(places: FsPlaces): Tool {
  const { limits, warn } = places;
  const { maxFileBytes } = limits;
  return defineTool<EditFile, EditAnswer>({
    name: "edit_file",
    description: `Replaces a text in a file by another one, exactly as it stands there, with its white space and line ends. It must be there exactly once, unless all is said. Roots: ${places.names}.`,
    needsApproval: true,
    input: {
      type: "object",
      properties: {
        path: pathSchema,
        oldText: { type: "string", minLength: 1, description: "What is replaced, with enough around it to be unique." },
        newText: { type: "string", description: "What comes in its place; empty: nothing." },
        all: { type: "boolean", description: "Replace it wherever it is. Default false." },
      },
      required: ["path", "oldText", "newText"],
      additionalProperties: false,
    },
    async run({ path, oldText, newText, all = false }, { signal }) {
      const place = places.at(path);
      places.assertWritable(place);
      const text = place.path.text;
      if (!oldText.isWellFormed() || !newText.isWellFormed())
        throw new ToolError("tool_arguments", `${text}: a text has half a character in it, which no file can have`);
      const [from, to] = [Buffer.from(oldText), Buffer.from(newText)];
      return await place.root.inTurn(signal, () =>
        places.inFolder(place, false, async (folder, name) => {
          await using file = await openedFile(folder, name, limits, signal, undefined);
          const before = await file.handle.stat({ bigint: true });
          const old = await wholeFile(file, maxFileBytes, signal);
          if (!isUtf8(old)) throw new ToolError("tool_failed", `${text}: it is no text in UTF-8`);
          const places = placesOf(from, old, all, text);
          const bytes = old.length + places.length * (to.length - from.length);
          if (bytes > maxFileBytes) throw tooLarge(text, maxFileBytes);
          const content = replaced(old, places, from.length, to, bytes);
          const giveBack = place.root.quota.takeBytes(bytes);
          try {
            await writeWhole({
              folder,
              name,
              content,
              replaces: { mode: Number(before.mode) },
              signal,
              warn,
              async assertUnchanged() {
                if (!isAsItWas(before, await lstat(folder.at(name), { bigint: true })))
                  throw new ToolError(
                    "tool_failed",
                    `${text}: it was changed by somebody else meanwhile: read it again`,
                  );
              },
            });
          } catch (error) {
            giveBack();
            throw error;
          }
          return { replaced: places.length, bytes };
        }),
      );
    },
  });
}

/** Where it stands: bytes of whole characters are found as such, since UTF-8 has none within another. */
function placesOf(text: Buffer, content: Buffer, all: boolean, path: string): number[] {
  const places: number[] = [];
  for (let at = content.indexOf(text); at >= 0; at = content.indexOf(text, at + text.length)) {
    places.push(at);
    if (places.length > replacedMax)
      throw new ToolError("tool_limit", `${path}: oldText is in it more than ${replacedMax} times`);
    // What overlaps itself is not there once either.
    if (!all && content.indexOf(text, at + 1) >= 0)
      throw new ToolError(
        "tool_failed",
        `${path}: oldText is in it more than once: say more of what is around it, or all`,
      );
  }
  if (places.length === 0)
    throw new ToolError(
      "tool_failed",
      `${path}: oldText is not in it: read the file again, and say it exactly as it stands`,
    );
  return places;
}

function replaced(old: Buffer, places: readonly number[], length: number, by: Buffer, bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  let [read, written] = [0, 0];
  for (const at of places) {
    written += old.copy(content, written, read, at);
    written += by.copy(content, written);
    read = at + length;
  }
  old.copy(content, written, read);
  return content;
}

function isAsItWas(before: BigIntStats, now: BigIntStats): boolean {
  return (["dev", "ino", "size", "mtimeNs", "ctimeNs"] as const).every((key) => before[key] === now[key]);
}
