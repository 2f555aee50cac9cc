// A pure function: no actor is placed.
import { MessageChannel } from "node:worker_threads";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkMessage, freezeMessage, MessageRefused } from "../../../core/thread/message-check.ts";

class Account {
  balance = 1;
}

function refusal(message: unknown, transfer?: readonly unknown[]): { path: string; what: string } {
  try {
    checkMessage(message, transfer);
  } catch (error) {
    if (error instanceof MessageRefused) {
      return { path: error.path, what: error.what };
    }
    throw error;
  }
  throw new Error("the message was accepted");
}

const detached = new ArrayBuffer(8);
const detachedView = new Uint8Array(detached);
structuredClone(detached, { transfer: [detached] });

test.each<[string, unknown, string, string]>([
  ["a function", { steps: [0, 1, 2, { callback: () => 0 }] }, "message.steps[3].callback", "is a function"],
  ["a message that is a function", () => 0, "message", "is a function"],
  ["a symbol", [Symbol("s")], "message[0]", "is a symbol"],
  ["a symbol for a key", { a: { [Symbol("s")]: 1 } }, "message.a[Symbol(s)]", "has a symbol for a key"],
  ["an instance of a class", { a: new Account() }, "message.a", "is an instance of Account"],
  ["a Map of one's own", new (class Index extends Map {})(), "message", "is an instance of Index"],
  ["an Array of one's own", { a: new (class List extends Array {})() }, "message.a", "is an instance of List"],
  ["an object with a prototype of its own", { a: Object.create({ b: 1 }) }, "message.a", "is an instance of Object"],
  ["a WeakMap", { "a b": new WeakMap() }, 'message["a b"]', "is an instance of WeakMap"],
  ["a Promise in a Map", new Map([["k", Promise.resolve()]]), 'message<"k">', "is an instance of Promise"],
  ["a class instance for a Map's key", new Map([[new Account(), 1]]), "message<key 0>", "is an instance of Account"],
  ["a function in a Set", { s: new Set([1, () => 0]) }, "message.s<1>", "is a function"],
  ["a function as a cause", new Error("e", { cause: { f: () => 0 } }), "message.cause.f", "is a function"],
  ["a function on an Error", Object.assign(new Error("e"), { retry: () => 0 }), "message.retry", "is a function"],
  ["a boxed number", { n: Object(1) as unknown }, "message.n", "is an instance of Number"],
  ["shared memory", { m: new SharedArrayBuffer(8) }, "message.m", "is shared memory"],
  ["a view of shared memory", { m: new Uint8Array(new SharedArrayBuffer(8)) }, "message.m", "is shared memory"],
  ["a detached buffer", { b: detached }, "message.b", "is detached: its bytes were transferred before"],
  ["a view of a detached buffer", [detachedView], "message[0]", "is detached: its bytes were transferred before"],
])("%s is refused with its path", (_, message, path, what) => {
  expect(refusal(message)).toEqual({ path, what });
});

test("a getter that throws is refused with its path and its error as the cause", () => {
  const cause = new Error("not ready");
  const message = {
    list: [
      {
        get value(): number {
          throw cause;
        },
      },
    ],
  };
  expect(refusal(message)).toEqual({ path: "message.list[0].value", what: "cannot be read: Error: not ready" });
  expect(() => checkMessage(message)).toThrow(expect.objectContaining({ cause }));
});

test("a long path is shown by its ends", () => {
  let message: unknown = { f: () => 0 };
  for (let i = 0; i < 100_000; i++) {
    message = { next: message };
  }
  const { path } = refusal(message);
  expect(path).toBe(`message${".next".repeat(16)}…${".next".repeat(16)}.f`);
});

test("a port crosses only when it is transferred", () => {
  const { port1, port2 } = new MessageChannel();
  expect(refusal({ port: port1 })).toEqual({ path: "message.port", what: "is an instance of MessagePort" });
  expect(checkMessage({ port: port1 }, [port1])).toBe("special");
  port1.close();
  port2.close();
});

test("the shape says how plain a message is", () => {
  expect(checkMessage(undefined)).toBe("flat");
  expect(checkMessage("text")).toBe("flat");
  expect(checkMessage({ type: "inc", n: 1n, u: undefined })).toBe("flat");
  expect(checkMessage(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, i])))).toBe("plain");
  expect(checkMessage([1])).toBe("plain");
  expect(checkMessage({ a: { b: [] } })).toBe("plain");
  expect(checkMessage(Object.create(null))).toBe("flat");
  expect(checkMessage({ at: new Date() })).toBe("special");
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  expect(checkMessage(cycle)).toBe("special");
});

test("refs are accepted, whatever their class, and not looked into", () => {
  const ref = Object.assign(new Account(), { send: () => 0 });
  expect(checkMessage({ ref }, undefined, (value) => value === ref)).toBe("special");
});

test("without strictness fields under symbols are left behind, everything else is refused as before", () => {
  expect(checkMessage({ a: 1, [Symbol("s")]: 1 }, undefined, undefined, false)).toBe("flat");
  expect(() => checkMessage({ a: () => 0 }, undefined, undefined, false)).toThrow("message.a is a function");
});

test("whatever a structured clone refuses is refused, and what it takes is accepted", () => {
  const good = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true });
  fc.assert(
    fc.property(good, (message) => checkMessage(message) !== undefined),
    { numRuns: 500 },
  );
  const bad = fc.constantFrom<unknown>(() => 0, Symbol("s"), new WeakSet(), Promise.resolve(), new (class Odd {})());
  fc.assert(
    fc.property(fc.array(good), bad, fc.nat(), (list, odd, at) => {
      const message = { list: [...list.slice(0, at), { odd }, ...list.slice(at)] };
      expect(refusal(message).path).toBe(`message.list[${Math.min(at, list.length)}].odd`);
    }),
    { numRuns: 300 },
  );
});

test("freezing reaches every plain object and array, through cycles, and nothing else", () => {
  const map = new Map([["k", { inMap: 1 }]]);
  const bytes = new Uint8Array(2);
  const error = Object.assign(new Error("e"), { detail: {} });
  const account = new Account();
  const message = { list: [{ a: 1 }], map, bytes, error, account, self: undefined as unknown };
  message.self = message;
  expect(freezeMessage(message)).toBe(message);
  expect([message, message.list, message.list[0]].every(Object.isFrozen)).toBe(true);
  expect([map, map.get("k"), bytes, error, error.detail, account].some(Object.isFrozen)).toBe(false);
});

test("freezing stops at what was frozen before and survives any depth", () => {
  const inner = { a: 1 };
  const outer = Object.freeze({ inner });
  freezeMessage({ outer });
  expect(Object.isFrozen(inner)).toBe(false);

  let deep: { next?: unknown } = {};
  const bottom = deep;
  for (let i = 0; i < 100_000; i++) {
    deep = { next: deep };
  }
  freezeMessage(deep);
  expect(Object.isFrozen(bottom)).toBe(true);
});
