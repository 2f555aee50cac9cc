// The measure is the structured clone: what it gives, the codec gives, and more of an Error.
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { MessageRefused } from "../../../core/thread/message-check.ts";
import { ValueDecoder, ValueEncoder } from "../../../core/thread/value-codec.ts";

class Ref {
  readonly parts: readonly number[];
  constructor(...parts: number[]) {
    this.parts = parts;
  }
}
const wire = {
  isRef: (value: object) => value instanceof Ref,
  toWire: (ref: object) => {
    const [node = 0, thread = 0, slot = 0, generation = 0] = (ref as Ref).parts;
    return { node, thread, slot, generation };
  },
  fromWire: (node: number, thread: number, slot: number, generation: number) => new Ref(node, thread, slot, generation),
};

/** A pair of codecs and the shortest way between them. */
class Link {
  readonly encoder = new ValueEncoder(wire);
  readonly decoder = new ValueDecoder(wire);

  pass(message: unknown, transfer?: readonly unknown[], moved?: readonly unknown[]): unknown {
    const encoded = Buffer.from(this.encoder.encode(message, transfer));
    for (const definition of this.encoder.definitions.splice(0)) {
      this.decoder.define(definition, viewOf(definition), 0, definition.length);
    }
    return this.decoder.decode(encoded, viewOf(encoded), 0, encoded.length, moved);
  }
}

function viewOf(bytes: Buffer): DataView<ArrayBufferLike> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Equal in type, content and prototype; -0 is not 0, a hole not undefined. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    expect(actual).toStrictEqual(expected);
    throw new Error("Jest sees no difference where Node does");
  }
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  maxDepth: 4,
  maxKeys: 8,
  key: fc.oneof(
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.constantFrom("__proto__", "constructor", "toJSON", "length"),
  ),
  values: [
    fc.integer(),
    fc.double(),
    fc.constantFrom(-0, Number.NaN, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 127, 128, -1),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: "grapheme-ascii", maxLength: 300 }),
    // Any units at all, lone surrogates among them.
    fc.array(fc.nat({ max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
    fc.bigInt(),
    fc.constantFrom("type", "increment", "ok"),
  ],
});

test("any message comes out as it went in, however often its like was sent before", () => {
  fc.assert(
    fc.property(fc.array(anything, { minLength: 1, maxLength: 4 }), (messages) => {
      const link = new Link();
      // Three rounds: written out, learnt, known.
      for (let round = 0; round < 3; round++) {
        for (const message of messages) {
          expectSame(link.pass(message), message);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test("objects of one shape with any values come out as they went in, compiled reader or not", () => {
  const fields = fc.tuple(anything, anything, fc.constantFrom("inc", "dec", "reset", "x".repeat(33)), fc.integer());
  fc.assert(
    fc.property(fc.array(fields, { minLength: 12, maxLength: 30 }), (rows) => {
      const link = new Link();
      for (const [value, other, type, n] of rows) {
        const message = { type, n, value, nested: { other, type } };
        expectSame(link.pass(message), message);
      }
    }),
    { numRuns: 100 },
  );
});

/** A random graph: objects of every kind that holds others, joined by random edges, cycles and all. */
const graph = fc
  .record({
    kinds: fc.array(fc.constantFrom("object", "array", "map", "set", "error"), { minLength: 1, maxLength: 12 }),
    edges: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }),
  })
  .map(({ kinds, edges }) => {
    const nodes = kinds.map((kind) => makeNode(kind));
    for (const [from, to] of edges) {
      join(nodes[from % nodes.length] as object, nodes[to % nodes.length] as object);
    }
    return nodes[0] as object;
  });

function makeNode(kind: "object" | "array" | "map" | "set" | "error"): object {
  switch (kind) {
    case "object":
      return {};
    case "array":
      return [];
    case "map":
      return new Map();
    case "set":
      return new Set();
    case "error":
      return new RangeError("out", { cause: "none" });
  }
}

function join(from: object, to: object): void {
  if (Array.isArray(from)) {
    from.push(to);
  } else if (from instanceof Map) {
    from.set(to, from.size);
    from.set(from.size, to);
  } else if (from instanceof Set) {
    from.add(to);
  } else if (from instanceof Error) {
    from.cause = to;
  } else {
    Object.assign(from, { [`field${Object.keys(from).length}`]: to });
  }
}

/** A graph as text: each object by its number, with what is inside; two graphs with the same text are alike. */
function draw(root: unknown): string {
  const numbers = new Map<object, number>();
  const open: object[] = [];
  const show = (value: unknown): string => {
    if (typeof value !== "object" || value === null) {
      return String(value);
    }
    if (!numbers.has(value)) {
      numbers.set(value, open.length);
      open.push(value);
    }
    return `#${numbers.get(value)}`;
  };
  const lines = [show(root)];
  for (const object of open) {
    const inside =
      object instanceof Map || object instanceof Set || Array.isArray(object)
        ? [...(object as Iterable<unknown>)].map((entry) =>
            object instanceof Map ? (entry as unknown[]).map(show).join("=>") : show(entry),
          )
        : Object.getOwnPropertyNames(object)
            .sort()
            .map((key) => `${key}:${show(Reflect.get(object, key))}`);
    lines.push(`${object.constructor.name}(${inside.join(",")})`);
  }
  return lines.join("\n");
}

test("any graph comes out alike, with its cycles and its shared parts", () => {
  fc.assert(
    fc.property(graph, (message) => {
      const link = new Link();
      expect(draw(link.pass(message))).toBe(draw(message));
      expect(draw(link.pass([message, message]))).toBe(draw([message, message]));
    }),
    { numRuns: 500 },
  );
});

test("an Error keeps constructor, name, message, stack, cause, code and its own fields, and no more are seen than before", () => {
  const link = new Link();
  class PaymentFailed extends TypeError {
    override readonly name = "PaymentFailed";
    readonly code = "E_CARD";
    readonly attempt = 3;
  }
  const error = new PaymentFailed("card refused", { cause: new AggregateError([new RangeError("limit")], "bank") });
  const copy = link.pass({ error }) as { error: PaymentFailed & { cause: AggregateError } };

  expect(copy.error).toBeInstanceOf(TypeError);
  expect(Object.fromEntries(Object.entries(copy.error))).toEqual({ name: "PaymentFailed", code: "E_CARD", attempt: 3 });
  expect(copy.error.message).toBe("card refused");
  expect(copy.error.stack).toBe(error.stack);
  expect(copy.error.cause).toBeInstanceOf(AggregateError);
  expect(copy.error.cause.errors[0]).toBeInstanceOf(RangeError);
  expect(copy.error.cause.errors[0].message).toBe("limit");
  expect(Object.keys(link.pass(new Error("plain")) as object)).toEqual([]);
  expect(Object.hasOwn(link.pass(new Error()) as object, "cause")).toBe(false);
});

test("an abort reason comes out as an Error of its name", () => {
  const reason: unknown = AbortSignal.abort().reason;
  const copy = new Link().pass(reason) as Error & { code: number };
  expect([copy.name, copy.message, copy.code]).toEqual(["AbortError", "This operation was aborted", 20]);
});

test("refs come out as refs, in trees and in graphs", () => {
  const link = new Link();
  const ref = new Ref(0, 3, 70_000, 2 ** 31);
  expectSame(link.pass({ from: ref, to: [ref] }), { from: ref, to: [ref] });
  expectSame(link.pass(new Map([[ref, ref]])), new Map([[ref, ref]]));
});

test("binary data of every kind comes out over memory of its own, a pooled Buffer without its pool", () => {
  const link = new Link();
  const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  const messages = [
    bytes.buffer,
    bytes.subarray(3, 7),
    new DataView(bytes.buffer, 4, 8),
    new Float64Array(bytes.buffer),
    new BigInt64Array(bytes.buffer, 8),
    new Uint16Array(bytes.buffer, 2, 3),
    Buffer.from("pooled"),
  ];
  for (const message of messages) {
    expectSame(link.pass({ message }), { message });
    expectSame(link.pass(new Map([[1, message]])), new Map([[1, message]]));
  }
  const copy = (link.pass({ view: bytes.subarray(3, 7) }) as { view: Uint8Array }).view;
  expect(copy.buffer.byteLength).toBe(4);
  copy[0] = 99;
  expect(bytes[3]).toBe(4);
  expect(Buffer.isBuffer(link.pass(Buffer.from("pooled")))).toBe(true);
});

test("keys such as __proto__ are plain fields on both sides", () => {
  const link = new Link();
  const message = JSON.parse('{"__proto__": {"isAdmin": true}, "a": 1}') as object;
  for (let i = 0; i < 20; i++) {
    const copy = link.pass(message) as object;
    expectSame(copy, message);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect("isAdmin" in copy).toBe(false);
  }
});

test("values of another realm are what they are", () => {
  const link = new Link();
  const message = {
    at: new Date(5),
    map: new Map([["a", new Set([1])]]),
    list: [{ n: 1 }],
    error: new RangeError("r"),
  };
  // structuredClone belongs to the realm outside of Jest's, so what it makes does too.
  const foreign: unknown = structuredClone(message);
  expectSame(link.pass(foreign), message);
});

test("a message 100,000 levels deep and one of a million elements come out as they went in", () => {
  const link = new Link();
  let deep: { next?: unknown } = {};
  for (let i = 0; i < 100_000; i++) {
    deep = { next: deep };
  }
  let depth = 0;
  for (let at = link.pass(deep) as { next?: unknown }; at.next !== undefined; at = at.next as typeof at) {
    depth++;
  }
  expect(depth).toBe(100_000);
  const wide = Array.from({ length: 1_000_000 }, (_, i) => i);
  const copy = link.pass(wide) as number[];
  expect(copy.length).toBe(wide.length);
  expect(copy.every((n, i) => n === i)).toBe(true);
});

test("an object that stands in a message twice, forty times over, is written once each", () => {
  let message: unknown = { n: 1 };
  for (let i = 0; i < 40; i++) {
    message = [message, message];
  }
  const encoder = new ValueEncoder(wire);
  expect(encoder.encode(message).length).toBeLessThan(1000);
});

test("a message of known shape and words costs a few bytes, however often the same object is sent", () => {
  const encoder = new ValueEncoder(wire);
  const message = { type: "increment", by: { unit: "points", amount: 5 }, tags: ["fast", "fast"] };
  const lengths = Array.from({ length: 40 }, () => encoder.encode(message).length);
  expect(lengths[0]).toBeGreaterThan(60);
  // Three objects of a tag and 32 bits, four words of a tag and 16 bits, one small number.
  expect(new Set(lengths.slice(10))).toEqual(new Set([3 * 5 + 4 * 3 + 1]));
});

test("objects used as dictionaries do not fill the table of shapes, and a full table is no error", () => {
  const link = new Link();
  let defined = 0;
  const count = new ValueEncoder(wire);
  for (let i = 0; i < 20_000; i++) {
    count.encode({ [`user-${i}`]: i });
    defined += count.definitions.splice(0).length;
  }
  expect(defined).toBe(0);
  for (let i = 0; i < 6000; i++) {
    for (let twice = 0; twice < 3; twice++) {
      const message = { [`k${i}`]: `text ${i}`, type: "same" };
      expectSame(link.pass(message), message);
    }
  }
});

test("after a message that was refused or did not fit the next ones are whole", () => {
  const link = new Link();
  const small = Buffer.alloc(64);
  const message = { type: "increment", by: { amount: 5, unit: "points" }, note: "n".repeat(100) };
  for (let i = 0; i < 30; i++) {
    expect(() => link.encoder.encode({ type: "increment", by: { amount: i, unit: () => 0 } })).toThrow(MessageRefused);
    expect(link.encoder.encodeInto(small, viewOf(small), 0, small.length, { ...message, extra: i })).toBe(-1);
    expectSame(link.pass(message), message);
    expectSame(link.pass({ ...message, extra: i }), { ...message, extra: i });
  }
});

test("a transferred buffer is in the message where it was, and so is a view over it", () => {
  const link = new Link();
  const buffer = new ArrayBuffer(8);
  const arrived = new ArrayBuffer(8);
  const message = { whole: buffer, part: new Uint8Array(buffer, 2, 3), again: buffer };
  const copy = link.pass(message, [buffer], [arrived]) as typeof message;
  expect(copy.whole).toBe(arrived);
  expect(copy.again).toBe(arrived);
  expect(copy.part.buffer).toBe(arrived);
  expect([copy.part.byteOffset, copy.part.length]).toEqual([2, 3]);
  expect(() => link.pass(message, [buffer], [])).toThrow("did not arrive");
});

test("what a getter throws is told with its path", () => {
  const message = {
    steps: [
      {
        get result(): number {
          throw new Error("not ready");
        },
      },
    ],
  };
  expect(() => new Link().pass(message)).toThrow("message.steps[0].result cannot be read: Error: not ready");
});
