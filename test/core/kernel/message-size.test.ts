/** About how many bytes a message holds on to. */
import { expect, test } from "@jest/globals";
import { messageBytes } from "../../../core/actor/message-size.ts";

const text = "x".repeat(1_000);
const cycle: { self?: unknown; text: string } = { text };
cycle.self = cycle;

test.each([
  ["a text", text, 1_000],
  ["a text in an object", { a: { b: text } }, 1_000],
  ["an array of texts", Array.from({ length: 10 }, () => text), 10_000],
  ["a long array, by its first elements", Array.from({ length: 10_000 }, () => text), 10_000_000],
  ["bytes", new Uint8Array(50_000), 50_000],
  ["a part of bytes, which holds all of them", new Uint8Array(50_000).subarray(1, 2), 50_000],
  ["an ArrayBuffer", new ArrayBuffer(50_000), 50_000],
  ["a Map", new Map([[1, text]]), 1_000],
  ["a Set", new Set([text, `${text}.`]), 2_000],
  ["an object with many fields", Object.fromEntries(Array.from({ length: 500 }, (_, n) => [n, text])), 500_000],
  ["a cycle, which is looked at so often and no more", cycle, 64_000],
])("of %s", (_, message, bytes) => {
  expect(messageBytes(message)).toBeGreaterThanOrEqual(bytes);
  expect(messageBytes(message)).toBeLessThan(bytes * 1.2 + 200);
});

test.each([[1], [true], [undefined], [null], [Symbol("x")], [() => text], [{}], [[]], [new Map()], [new Set()]])(
  "%p holds next to nothing",
  (message) => {
    expect(messageBytes(message)).toBeLessThanOrEqual(32);
  },
);

test("memory that is shared holds nothing", () => {
  expect(messageBytes(new Uint8Array(new SharedArrayBuffer(50_000)))).toBeLessThan(100);
});

test("runs no code of the message's own", () => {
  const ran: string[] = [];
  const traps = {
    get: (): unknown => ran.push("get"),
    ownKeys: () => {
      ran.push("ownKeys");
      return [];
    },
  };
  class Loud extends Map<number, number> {
    override get size(): number {
      ran.push("size");
      return 1e9;
    }
    override [Symbol.iterator](): never {
      ran.push("iterator");
      throw new Error("iterator");
    }
    override entries(): never {
      ran.push("entries");
      throw new Error("entries");
    }
  }
  class LoudBytes extends Uint8Array {
    override get buffer(): never {
      ran.push("buffer");
      throw new Error("buffer");
    }
  }
  const message = {
    bytes: new LoudBytes(new ArrayBuffer(8)),
    get loud() {
      return ran.push("getter");
    },
    proxy: new Proxy({}, traps),
    map: new Loud().set(1, 2),
  };
  expect(messageBytes(message)).toBeLessThan(500);
  expect(ran).toEqual([]);
});

test("ends soon, however deep and wide a message is", () => {
  type Node = { readonly nodes: readonly Node[] };
  let node: Node = { nodes: [] };
  for (let depth = 0; depth < 30; depth++) node = { nodes: [node, node, node, node, node, node, node, node] };
  expect(messageBytes(node)).toBeGreaterThan(0);
});
