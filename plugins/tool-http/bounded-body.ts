/** The body of an answer, read no further than its bounds: what comes, and what that becomes when it is decompressed. */
import type { IncomingMessage } from "node:http";
import { type Duplex, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { ToolError } from "../../core/index.ts";
import type { HttpConfig } from "./config.ts";

export interface BoundedBody {
  readonly bytes: Buffer;
  readonly isTruncated: boolean;
}

/** Of zstd: 8 MiB of memory at most, as servers may ask for (RFC 9659), and not what a frame says. */
const windowLogMax = 23;

const decoders: Readonly<Record<string, () => Duplex>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: windowLogMax } }),
};

/** What a request says that it takes. */
export const acceptEncoding = "gzip, deflate, br, zstd";

/** @throws ToolError `tool_failed`, by rejection: it is in a coding that nobody has asked for. What goes wrong with the connection, as it is. */
export async function readBody(
  response: IncomingMessage,
  { maxBodyBytes, maxTransferBytes }: Pick<HttpConfig, "maxBodyBytes" | "maxTransferBytes">,
): Promise<BoundedBody> {
  const coding = (response.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  const decoder = Object.hasOwn(decoders, coding) ? decoders[coding]?.() : undefined;
  if (decoder === undefined && coding !== "identity" && coding !== "") {
    response.destroy();
    throw new ToolError(
      "tool_failed",
      `fetch_url: the answer is in the coding ${JSON.stringify(coding)}, which is not read`,
    );
  }
  const chunks: Buffer[] = [];
  let isTruncated = false;
  let left = maxBodyBytes;
  // Not by `for await`, which loses what was decompressed before the end that a cut leaves is found missing.
  const collector = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.subarray(0, left));
      if (chunk.length > left) isTruncated = true;
      left -= chunk.length;
      done(left < 0 ? new Error("cut off") : undefined);
    },
  });
  const transferred = async function* transferred() {
    let transferLeft = maxTransferBytes;
    // Left open where it is cut off: what has come is decompressed first.
    for await (const chunk of response.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      yield chunk.subarray(0, transferLeft);
      if (chunk.length > transferLeft) isTruncated = true;
      transferLeft -= chunk.length;
      if (transferLeft < 0) return;
    }
  };
  try {
    if (decoder === undefined) await pipeline(transferred, collector);
    else await pipeline(transferred, decoder, collector);
  } catch (error) {
    // Of what is cut off, the end is missing.
    if (!isTruncated) throw error;
  } finally {
    response.destroy();
  }
  return { bytes: Buffer.concat(chunks), isTruncated };
}
