/** `read_file`: a text by its lines or bytes, or any bytes as base64. */
import { isUtf8 } from "node:buffer";
import { defineTool, type Tool, ToolError } from "../../core/index.ts";
import type { FsPlaces } from "./fs-places.ts";
import { bytesAt, chunkBytes, type OpenedFile, openedFile, tooLarge } from "./opened-file.ts";
import { pathSchema } from "./schemas.ts";

interface ReadFile {
  readonly path: string;
  readonly as?: "lines" | "text" | "base64";
  readonly offset?: number;
  readonly limit?: number;
}

interface ReadAnswer {
  readonly content: string;
  /** Of the whole file, when it was opened. */
  readonly fileBytes: number;
  /** For the next read; absent: this was the end. */
  readonly nextOffset?: number;
}

const newline = 10;

export function readFileTool(places: FsPlaces): Tool {
  const { limits } = places;
  return defineTool<ReadFile, ReadAnswer>({
    name: "read_file",
    description: `Reads a file, or a part of it: at most ${limits.maxReadBytes} bytes at once. Where the answer has nextOffset the file goes on: read again from that offset. Roots: ${places.names}.`,
    isReadOnly: true,
    input: {
      type: "object",
      properties: {
        path: pathSchema,
        as: {
          type: "string",
          enum: ["lines", "text", "base64"],
          description:
            "lines (default): a text, and offset and limit count its lines. text: a text, and they count bytes: for very long lines. base64: any bytes, for files that are no text.",
        },
        offset: { type: "integer", minimum: 0, description: "Lines or bytes that are passed over. Default 0." },
        limit: {
          type: "integer",
          minimum: 1,
          description: "At most so many lines or bytes. Default: as many as may be.",
        },
      },
      required: ["path"],
      additionalProperties: false,
    },
    async run({ path, as = "lines", offset = 0, limit = Number.MAX_SAFE_INTEGER }, { signal }) {
      const place = places.at(path);
      return await places.inFolder(place, false, async (folder, name) => {
        await using file = await openedFile(folder, name, limits, signal, place.root);
        if (as === "lines") return await linesOf(file, offset, limit, limits, signal);
        const content = await bytesAt(
          file.handle,
          offset,
          Math.min(limit, limits.maxReadBytes, Math.max(0, file.bytes - offset)),
          signal,
        );
        const whole = as === "base64" ? content : wholeCharacters(content);
        const next = offset + whole.length;
        return {
          content: as === "base64" ? whole.toString("base64") : textOf(whole, file.text),
          fileBytes: file.bytes,
          ...(next < file.bytes && whole.length > 0 && { nextOffset: next }),
        };
      });
    },
  });
}

/** It ends where the file ended when it was opened: one that grows all the while has an end as well. */
async function linesOf(
  file: OpenedFile,
  offset: number,
  limit: number,
  { maxFileBytes, maxReadBytes }: { readonly maxFileBytes: number; readonly maxReadBytes: number },
  signal: AbortSignal,
): Promise<ReadAnswer> {
  if (file.bytes > maxFileBytes)
    throw new ToolError("tool_limit", `${tooLarge(file.text, maxFileBytes).message}: read it as "text", by bytes`);
  const from = await startOfLine(file, offset, signal);
  const wanted = Math.min(maxReadBytes, file.bytes - from);
  const bytes = await bytesAt(file.handle, from, wanted, signal);
  let [lines, end] = [0, 0];
  while (lines < limit && end < bytes.length) {
    const at = bytes.indexOf(newline, end);
    if (at < 0) break;
    end = at + 1;
    lines++;
  }
  // Also where somebody has cut it off meanwhile.
  const isEnd = bytes.length < wanted || from + wanted === file.bytes;
  if (lines < limit && isEnd) end = bytes.length;
  else if (lines === 0)
    throw new ToolError(
      "tool_limit",
      `${file.text}: line ${offset} alone has more than ${maxReadBytes} bytes: read the file as "text", from byte ${from} on`,
    );
  const content = textOf(bytes.subarray(0, end), file.text);
  const goesOn = !isEnd || end < bytes.length;
  return { content, fileBytes: file.bytes, ...(goesOn && { nextOffset: offset + lines }) };
}

/** The byte at which the line begins; the end of the file, where it has fewer lines. */
async function startOfLine({ handle, bytes }: OpenedFile, line: number, signal: AbortSignal): Promise<number> {
  let left = line;
  for (let start = 0; left > 0; start += chunkBytes) {
    if (start >= bytes) return bytes;
    const chunk = await bytesAt(handle, start, Math.min(chunkBytes, bytes - start), signal);
    if (chunk.length === 0) return bytes;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1))
      if (--left === 0) return start + at + 1;
  }
  return 0;
}

/** Without a character that is cut off at its end. */
function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}

/** @throws ToolError `tool_failed`: it is no text. */
export function textOf(bytes: Buffer, path: string): string {
  if (bytes.includes(0) || !isUtf8(bytes))
    throw new ToolError(
      "tool_failed",
      `${path}: it is no text in UTF-8 there, or an offset is in the midst of a character: read it as "base64"`,
    );
  return bytes.toString("utf8");
}
