// One thread plays both ends: every interleaving of their steps can be had, and none by chance alone.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createRing, RingReader, RingWriter } from "../../../core/thread/ring.ts";

const ringBytes = 4096;
/** At zero, just before the sign bit, just before the wrap. */
const starts = [0, 2 ** 31 - 512, 2 ** 32 - 512, 2 ** 32 - ringBytes];

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("write" as const), bytes: fc.integer({ min: 0, max: 2040 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("write" as const), bytes: fc.integer({ min: 0, max: 64 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("publish" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("read" as const), frames: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("sleep" as const) }) },
);

/** A frame's bytes, told apart by its number. */
function fill(bytes: Uint8Array, number: number): void {
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (number * 31 + i * 7) & 255;
  }
}

test("frames of any size arrive in order and whole, and each bell is rung exactly once, at any position", () => {
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.array(step, { minLength: 50, maxLength: 400 }), (start, steps) => {
      const ring = createRing(ringBytes, start);
      const writer = new RingWriter(ring);
      const reader = new RingReader(ring);
      const written: { number: number; bytes: number }[] = [];
      let published = 0;
      let read = 0;
      let isAsleep = false;
      /** A write failed since the last bell, so one may ring; the last write failed, so one must. */
      let mayRing = false;
      let mustRing = false;

      const readFrames = (frames: number): void => {
        for (let left = frames; left > 0 && reader.next(); left--) {
          const frame = written[read++];
          expect({ number: reader.tag, bytes: reader.length }).toEqual(frame);
          expect(reader.offset % 8).toBe(0);
          const expected = new Uint8Array(reader.length);
          fill(expected, reader.tag);
          const actual = reader.memory.bytes.subarray(reader.offset, reader.offset + reader.length);
          expect(Buffer.compare(actual, expected)).toBe(0);
        }
        expect(read).toBeLessThanOrEqual(published);
        if (reader.release()) {
          expect(mayRing).toBe(true);
          mayRing = mustRing = false;
        }
      };
      const publish = (): void => {
        const rings = writer.publish();
        expect(rings).toBe(isAsleep && published < written.length);
        published = written.length;
        isAsleep &&= !rings;
      };

      for (const next of steps) {
        switch (next.do) {
          case "write": {
            const offset = writer.reserve(next.bytes);
            if (offset < 0) {
              mayRing = mustRing = true;
              break;
            }
            expect(writer.roomBytes).toBeGreaterThanOrEqual(next.bytes);
            mustRing = false;
            fill(writer.memory.bytes.subarray(offset, offset + next.bytes), written.length);
            writer.commit(next.bytes, written.length);
            written.push({ number: written.length, bytes: next.bytes });
            break;
          }
          case "publish":
            publish();
            break;
          case "read":
            readFrames(next.frames);
            break;
          case "sleep":
            isAsleep = reader.sleep();
            expect(isAsleep).toBe(read === published);
            break;
        }
      }
      publish();
      readFrames(Number.POSITIVE_INFINITY);
      expect(read).toBe(written.length);
      expect(reader.isEmpty()).toBe(true);
      expect(mustRing).toBe(false); // all was read, so a writer that waits was called
    }),
    { numRuns: 300 },
  );
});

test("positions pass 2^31 and 2^32 many times over", () => {
  for (const start of starts) {
    const ring = createRing(ringBytes, start);
    const writer = new RingWriter(ring);
    const reader = new RingReader(ring);
    for (let i = 0; i < 5000; i++) {
      const offset = writer.reserve(40);
      expect(offset).toBeGreaterThanOrEqual(0);
      writer.commit(40, i);
      writer.publish();
      expect(reader.next()).toBe(true);
      expect(reader.tag).toBe(i);
      reader.release();
      expect(reader.unreadBytes()).toBe(0);
    }
  }
});

test("nothing is seen before publish, and a reservation alone leaves no trace", () => {
  const ring = createRing(ringBytes);
  const writer = new RingWriter(ring);
  const reader = new RingReader(ring);
  writer.reserve(100);
  expect(writer.publish()).toBe(false);
  writer.reserve(16);
  writer.commit(16, 1);
  expect(reader.next()).toBe(false);
  writer.publish();
  expect(reader.next()).toBe(true);
  expect(reader.next()).toBe(false);
});

test("a writer that found no room is called once half of the ring is free, not for each frame", () => {
  const ring = createRing(ringBytes);
  const writer = new RingWriter(ring);
  const reader = new RingReader(ring);
  let frames = 0;
  while (writer.reserve(120) >= 0) {
    writer.commit(120);
    frames++;
  }
  writer.publish();
  const bells: number[] = [];
  for (let i = 1; i <= frames; i++) {
    reader.next();
    if (reader.release()) {
      bells.push(i);
    }
  }
  expect(frames).toBe(32);
  expect(bells).toEqual([16]);
});

test("a frame of half the ring fits into an empty one at every position, a longer one is an error", () => {
  for (let start = 0; start < ringBytes; start += 8) {
    const writer = new RingWriter(createRing(ringBytes, start));
    expect(writer.reserve(writer.memory.frameBytesMax)).toBeGreaterThanOrEqual(0);
  }
  const writer = new RingWriter(createRing(ringBytes));
  expect(() => writer.reserve(writer.memory.frameBytesMax + 1)).toThrow(RangeError);
});

test.each([0, 100, 2048, 5000, 2 ** 31])("a ring of %d bytes is refused", (bytes) => {
  expect(() => createRing(bytes)).toThrow(RangeError);
});
