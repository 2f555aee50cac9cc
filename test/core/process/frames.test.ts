/** Frames as they come out of a stream, however it is cut, and what is too long for one. */
import { expect, test } from "@jest/globals";
import { FrameReader, frameOf, recordOf } from "../../../core/process/frames.ts";

function readerOf(bytesMax: number) {
  const taken: unknown[] = [];
  return { taken, reader: new FrameReader((body) => taken.push(recordOf(body)), bytesMax) };
}

const records = [{ type: "ready" }, { type: "done", value: "x".repeat(200_000) }, {}, { n: [1, 2] }];
const stream = Buffer.concat(records.map((record) => frameOf(record, 2 ** 20, "a test")));

test.each([1, 3, 5, 4_096, 65_537, stream.length])(
  "frames come out whole and in order in chunks of %d bytes",
  (bytes) => {
    const { taken, reader } = readerOf(2 ** 20);
    for (let at = 0; at < stream.length; at += bytes) reader.push(stream.subarray(at, at + bytes));
    expect(taken).toEqual(records);
  },
);

test("nothing of a chunk is kept: a frame in small pieces holds no more than itself", () => {
  const { taken, reader } = readerOf(2 ** 20);
  const chunk = Buffer.alloc(2);
  for (let at = 0; at < stream.length; at += 2) {
    stream.copy(chunk, 0, at, at + 2);
    reader.push(chunk.subarray(0, Math.min(2, stream.length - at)));
    chunk.fill(0xff);
  }
  expect(taken).toEqual(records);
});

test("a frame beyond the bound is refused as soon as its length is there, with both sizes", () => {
  const { taken, reader } = readerOf(1_000);
  reader.push(frameOf({ a: 1 }, 1_000, "a test") as Buffer);
  expect(() => reader.push(Buffer.of(0, 0, 3, 0xe9))).toThrow(/a frame of 1001 bytes, and 1000 is the most/);
  expect(taken).toEqual([{ a: 1 }]);
});

test("what is too large for a frame is refused before it is sent, with both sizes and what to do", () => {
  expect(() => frameOf({ value: "x".repeat(1_000) }, 1_000, "send to agent/7")).toThrow(
    expect.objectContaining({
      code: "message_too_large",
      message: expect.stringMatching(
        /^send to agent\/7: 10\d\d bytes, and 1000 is the most .*send it in pieces, or .* larger processMessageBytesMax$/,
      ) as unknown,
    }),
  );
});
