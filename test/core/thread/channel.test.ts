// Both ends in one thread: how they interleave is the test's choice. `channel-threads.test.ts` has real threads.
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { ChannelReader, ChannelWriter } from "../../../core/thread/channel.ts";
import type { TransferableObject } from "../../../core/thread/frame.ts";
import { MessageRefused } from "../../../core/thread/message-check.ts";
import { createRing } from "../../../core/thread/ring.ts";
import { type RefWire, ValueDecoder, ValueEncoder } from "../../../core/thread/value-codec.ts";

const brokenRef = new Error("no such thread");
const wire: RefWire = {
  isRef: (value) => value instanceof BrokenRef,
  toWire: () => ({ node: 0, thread: 0, slot: 0, generation: 0 }),
  fromWire: () => {
    throw brokenRef;
  },
};
class BrokenRef {}

/** A channel, its side port, and everything that came out of it. */
class Line {
  readonly writer: ChannelWriter;
  readonly reader: ChannelReader;
  readonly posts: unknown[][] = [];
  readonly seen: unknown[][] = [];
  throwAt = -1;

  constructor(bytes = 4096, position = 0) {
    const ring = createRing(bytes, position);
    const post = (objects: readonly TransferableObject[]): void => {
      this.posts.push(structuredClone([...objects], { transfer: [...objects] as ArrayBuffer[] }));
    };
    this.writer = new ChannelWriter(ring, new ValueEncoder(wire), { post });
    this.reader = new ChannelReader(ring, new ValueDecoder(wire), { receive: () => this.posts.shift() });
  }

  onFrame(...frame: unknown[]): void {
    this.seen.push(frame);
    if (this.seen.length === this.throwAt) {
      throw new Error("sink failed");
    }
  }

  onBroken(...frame: unknown[]): void {
    this.seen.push(["broken", ...frame]);
  }

  /** Writes one message to an end, with the reader's help where there is no room. */
  send(kind: number, payload: unknown, transfer?: readonly TransferableObject[]): void {
    while (!this.writer.write(kind, 7, 8, 9, 10, 2 ** 53 - 1, payload, transfer)) {
      this.writer.publish();
      this.reader.read(this, 16);
    }
  }

  /** Publishes and reads all there is. */
  flush(): unknown[][] {
    this.writer.publish();
    let read = 1;
    while (read > 0) {
      read = this.reader.read(this, 16);
    }
    return this.seen;
  }
}

const payload = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constantFrom("inc", "dec"), n: fc.integer() }, { noNullPrototype: true }),
  },
  { weight: 3, arbitrary: fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 5000 }).map((length) => "x".repeat(length)) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 20_000 }).map((length) => new Uint8Array(length).fill(length)) },
);
const frame = fc.record({
  kind: fc.nat({ max: 255 }),
  slot: fc.integer(),
  generation: fc.integer(),
  id: fc.maxSafeNat(),
  payload,
});
const start = fc.constantFrom(0, 2 ** 31 - 1024, 2 ** 32 - 1024);

test("frames of every size come out in order, however writer and reader interleave", () => {
  const steps = fc.infiniteStream(fc.constantFrom("write", "write", "publish", "read"));
  fc.assert(
    fc.property(start, fc.array(frame, { minLength: 1, maxLength: 60 }), steps, (position, frames, choices) => {
      const line = new Line(4096, position);
      const turn = choices[Symbol.iterator]();
      let written = 0;
      while (line.seen.length < frames.length) {
        const next = frames[written];
        switch (turn.next().value) {
          case "write":
            if (next !== undefined) {
              const { kind, slot, generation, id } = next;
              if (line.writer.write(kind, slot, generation, ~slot, ~generation, id, next.payload)) {
                written++;
              } else {
                line.writer.publish();
              }
            }
            break;
          case "publish":
            line.writer.publish();
            break;
          default:
            line.reader.read(line, 3);
        }
      }
      frames.forEach(({ kind, slot, generation, id, payload }, i) => {
        const expected = [kind, slot, generation, ~slot, ~generation, id, payload];
        if (!isDeepStrictEqual(line.seen[i], expected)) {
          expect(line.seen[i]).toStrictEqual(expected);
        }
      });
      expect(line.seen.length).toBe(frames.length);
    }),
    { numRuns: 300 },
  );
});

test("of a reader that is gone the writer reads every frame back that was not read, but for what one in pieces carried", () => {
  const steps = fc.array(fc.constantFrom("write", "write", "publish", "read"), { minLength: 1, maxLength: 120 });
  fc.assert(
    fc.property(start, fc.array(frame, { minLength: 1, maxLength: 60 }), steps, (position, frames, choices) => {
      const line = new Line(4096, position);
      let written = 0;
      for (const choice of choices) {
        const next = frames[written];
        if (choice === "publish") line.writer.publish();
        else if (choice === "read") line.reader.read(line, 3);
        else if (next !== undefined) {
          const { kind, slot, generation, id } = next;
          if (line.writer.write(kind, slot, generation, ~slot, ~generation, id, next.payload)) written++;
          else line.writer.publish();
        }
      }
      line.writer.publish();
      const rest = frames.slice(line.seen.length, written);
      const unread = line.writer.unread();
      const heads = unread.map((head) => [
        head.kind,
        head.slot,
        head.generation,
        head.fromSlot,
        head.fromGeneration,
        head.id,
      ]);
      expect(heads).toEqual(
        rest.map(({ kind, slot, generation, id }) => [kind, slot, generation, ~slot, ~generation, id]),
      );
      // A frame of this ring has 1,024 bytes at most: what is longer came in pieces.
      const isWhole = ({ payload: sent }: (typeof rest)[number]) => new ValueEncoder(wire).encode(sent).length < 900;
      unread.forEach(({ content }, at) => {
        const next = rest[at] as (typeof rest)[number];
        if (content === undefined) expect(isWhole(next)).toBe(false);
        else if (!isDeepStrictEqual(content.payload, next.payload)) expect(content.payload).toStrictEqual(next.payload);
      });
    }),
    { numRuns: 500 },
  );
});

test("of a reader that is gone a frame that moves objects is found without them, and one that is broken too", () => {
  const line = new Line();
  line.send(1, new BrokenRef());
  const buffer = new ArrayBuffer(8);
  line.send(2, { buffer }, [buffer]);
  line.send(3, "whole");
  line.writer.publish();
  expect(line.writer.unread().map(({ kind, content }) => [kind, content])).toEqual([
    [1, undefined],
    [2, undefined],
    [3, { payload: "whole" }],
  ]);
});

test("payloads of 1 MB pass a ring of 4 KiB among small ones, in order", () => {
  const line = new Line();
  const sent: unknown[] = [];
  for (let i = 0; i < 5; i++) {
    const text = String.fromCharCode(97 + i).repeat(1_000_000);
    for (const message of [{ i }, { text }, new Map([[i, new Uint8Array(1_000_000).fill(i)]]), undefined, i]) {
      sent.push(message);
      line.send(1, message);
    }
  }
  const seen = line.flush().map((args) => args[6]);
  expect(isDeepStrictEqual(seen, sent)).toBe(true);
});

test("a writer without room leaves nothing behind, and its frame may be given up", () => {
  const line = new Line();
  let frames = 0;
  while (line.writer.write(1, 0, 0, 0, 0, frames, { n: frames })) {
    frames++;
  }
  expect(line.writer.isMidFrame).toBe(false);
  for (let i = 0; i < 10; i++) {
    expect(line.writer.write(1, 0, 0, 0, 0, -1, { type: "given up", text: "t".repeat(i * 100) })).toBe(false);
  }
  expect(line.flush().map((args) => args[5])).toEqual(Array.from({ length: frames }, (_, i) => i));
  expect(line.reader.wroteBack).toBe(true);
  expect(line.reader.wroteBack).toBe(false);
});

test("between the pieces of a frame no other frame is taken", () => {
  const line = new Line();
  const text = "t".repeat(10_000);
  expect(line.writer.write(1, 0, 0, 0, 0, 5, text)).toBe(false);
  expect(line.writer.isMidFrame).toBe(true);
  expect(() => line.writer.write(1, 0, 0, 0, 0, 6, text)).toThrow("half written");
  do {
    line.writer.publish();
    line.reader.read(line, 16);
  } while (!line.writer.write(1, 0, 0, 0, 0, 5, text));
  expect(line.flush()).toEqual([[1, 0, 0, 0, 0, 5, text]]);
});

test("transferred buffers move beside the ring, each to its own frame", () => {
  const line = new Line();
  const buffers = Array.from({ length: 50 }, (_, i) => new ArrayBuffer(i + 1));
  buffers.forEach((buffer, i) => {
    line.send(1, { i });
    line.send(2, { buffer, rest: "r".repeat(i * 97) }, [buffer]);
  });
  const seen = line.flush();
  expect(seen.map((args) => args[0])).toEqual(buffers.flatMap(() => [1, 2]));
  seen
    .filter((args) => args[0] === 2)
    .forEach((args, i) => {
      expect((args[6] as { buffer: ArrayBuffer }).buffer.byteLength).toBe(i + 1);
    });
  expect(buffers.every((buffer) => buffer.detached)).toBe(true);
  expect(line.posts).toEqual([]);
});

test("a buffer is not moved for a frame that finds no room or is refused", () => {
  const line = new Line();
  const buffer = new ArrayBuffer(8);
  expect(() => line.writer.write(1, 0, 0, 0, 0, 0, { buffer, f: () => 0 }, [buffer])).toThrow(MessageRefused);
  let isWritten = true;
  while (isWritten) {
    isWritten = line.writer.write(1, 0, 0, 0, 0, 0, undefined);
  }
  expect(line.writer.write(1, 0, 0, 0, 0, 0, { buffer }, [buffer])).toBe(false);
  expect(buffer.detached).toBe(false);
});

test("a refused message leaves the ring as it was, for small and large ones", () => {
  const line = new Line();
  line.send(1, "before");
  const odd = { list: ["x".repeat(3000), "x".repeat(3000), { f: () => 0 }] };
  expect(() => line.writer.write(1, 0, 0, 0, 0, 0, odd)).toThrow("message.list[2].f is a function");
  expect(() => line.writer.write(1, 0, 0, 0, 0, 0, { f: () => 0 })).toThrow("message.f is a function");
  expect(line.writer.isMidFrame).toBe(false);
  line.send(1, "after");
  expect(line.flush().map((args) => args[6])).toEqual(["before", "after"]);
});

test("a frame that cannot be decoded is told and takes its transferred objects with it; the others are not affected", () => {
  const line = new Line();
  const lost = new ArrayBuffer(1);
  const kept = new ArrayBuffer(2);
  line.send(1, { type: "first", n: 1 });
  line.send(2, { lost, ref: new BrokenRef() }, [lost]);
  line.send(3, [new BrokenRef(), "r".repeat(9000)]);
  line.send(4, { kept }, [kept]);
  line.send(5, { type: "first", n: 2 });
  const head = [7, 8, 9, 10, 2 ** 53 - 1];
  const seen = line.flush();
  expect(seen.map((args) => args.slice(0, -1))).toEqual([
    [1, ...head],
    ["broken", 2, ...head],
    ["broken", 3, ...head],
    [4, ...head],
    [5, ...head],
  ]);
  expect([seen[1]?.at(-1), seen[2]?.at(-1)]).toEqual([brokenRef, brokenRef]);
  expect(seen[3]?.[6]).toEqual({ kept: new ArrayBuffer(2) });
});

test("a sink that throws has consumed its frame; the next read goes on behind it", () => {
  const line = new Line();
  for (let i = 0; i < 5; i++) {
    line.send(1, i);
  }
  line.writer.publish();
  line.throwAt = 2;
  expect(() => line.reader.read(line, 10)).toThrow("sink failed");
  expect(line.seen.length).toBe(2);
  expect(line.reader.read(line, 10)).toBe(3);
  expect(line.flush().map((args) => args[6])).toEqual([0, 1, 2, 3, 4]);
});

test("a sleeping reader is rung once, at publish, and not after it woke by itself", () => {
  const line = new Line();
  expect(line.reader.isEmpty()).toBe(true);
  expect(line.reader.sleep()).toBe(true);
  line.send(1, 1);
  expect(line.reader.isEmpty()).toBe(true);
  expect(line.writer.publish()).toBe(true);
  expect(line.reader.isEmpty()).toBe(false);
  expect(line.reader.sleep()).toBe(false);
  line.send(1, 2);
  expect(line.writer.publish()).toBe(false);
  line.flush();
  expect(line.reader.sleep()).toBe(true);
  expect(line.reader.read(line, 10)).toBe(0);
  line.send(1, 3);
  expect(line.writer.publish()).toBe(false);
});
