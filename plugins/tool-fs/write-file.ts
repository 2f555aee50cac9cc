/** `write_file`: a whole file, at once or not at all. */
import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { defineTool, type Tool, ToolError } from "../../core/index.ts";
import { assertFile, type Folder } from "./folder.ts";
import { codeOf, told } from "./fs-failure.ts";
import type { FsPlaces } from "./fs-places.ts";
import { tooLarge } from "./opened-file.ts";
import { pathSchema } from "./schemas.ts";
import { writeWhole } from "./whole-write.ts";

interface WriteFile {
  readonly path: string;
  readonly content: string;
  readonly encoding?: "text" | "base64";
  readonly overwrite?: boolean;
}

interface WriteAnswer {
  readonly bytes: number;
  /** There was none of that name. */
  readonly isNew: boolean;
}

export function writeFileTool(places: FsPlaces): Tool {
  const { limits, warn } = places;
  return defineTool<WriteFile, WriteAnswer>({
    name: "write_file",
    description: `Writes a whole file (at most ${limits.maxFileBytes} bytes), and makes the folders that it needs. A file that is there is only replaced with overwrite; to change a part of one use edit_file. Roots: ${places.names}.`,
    needsApproval: true,
    input: {
      type: "object",
      properties: {
        path: pathSchema,
        content: { type: "string", description: "All that the file is to have." },
        encoding: { type: "string", enum: ["text", "base64"], description: "Of the content. Default text, in UTF-8." },
        overwrite: { type: "boolean", description: "Replace a file that is there. Default false: that is an error." },
      },
      required: ["path", "content"],
      additionalProperties: false,
    },
    async run({ path, content: given, encoding = "text", overwrite = false }, { signal }) {
      const place = places.at(path);
      places.assertWritable(place);
      const content = contentOf(given, encoding, limits.maxFileBytes, place.path.text);
      const { quota } = place.root;
      return await place.root.inTurn(signal, async () => {
        const giveBack = quota.takeBytes(content.length);
        try {
          return await places.inFolder(place, true, async (folder, name) => {
            const there = await fileThere(folder, name);
            if (there !== undefined && !overwrite)
              throw new ToolError(
                "tool_failed",
                `${place.path.text}: it is there already: say overwrite to replace it`,
              );
            const giveBackFile = there === undefined ? quota.takeCreated() : () => {};
            try {
              await writeWhole({ folder, name, content, replaces: there, signal, warn });
            } catch (error) {
              giveBackFile();
              throw error;
            }
            return { bytes: content.length, isNew: there === undefined };
          });
        } catch (error) {
          giveBack();
          throw error;
        }
      });
    },
  });
}

/** @throws ToolError: what is there is no file. */
async function fileThere(folder: Folder, name: string): Promise<Stats | undefined> {
  const text = `${folder.text}/${name}`;
  return await told(text, async () => {
    let stats: Stats;
    try {
      stats = await lstat(folder.at(name));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
    assertFile(stats, text);
    return stats;
  });
}

/** @throws ToolError `tool_arguments`, `tool_limit`. */
function contentOf(given: string, encoding: "text" | "base64", maxFileBytes: number, path: string): Buffer {
  if (encoding === "text" && !given.isWellFormed())
    throw new ToolError("tool_arguments", `${path}: the content has half a character in it, which no file can have`);
  if (encoding === "base64" && (given.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(given)))
    throw new ToolError("tool_arguments", `${path}: the content is no base64`);
  const content = Buffer.from(given, encoding === "text" ? "utf8" : "base64");
  if (content.length > maxFileBytes) throw tooLarge(path, maxFileBytes);
  return content;
}
