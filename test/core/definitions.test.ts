/** What `defineActor` and `defineServer` refuse where it is written: nothing runs, so there is no placement. */
import { expect, test } from "@jest/globals";
import { defineActor, defineServer } from "../../core/index.ts";

const receive = () => undefined;

test.each<[unknown, RegExp]>([
  [undefined, /defineServer wants an object with init, .*calls, casts.*, got undefined/],
  [5, /defineServer wants an object with .*, got 5/],
  [{ calls: 5 }, /defineServer: calls is an object of functions by name, got 5/],
  [{ casts: null }, /defineServer: casts is an object of functions by name, got null/],
  [{ calls: { get: 5 } }, /defineServer: calls\.get is a function, got 5/],
  [{ init: 5 }, /defineServer: init is a function, got 5/],
  [{ info: {} }, /defineServer: info is a function, got \{\}/],
  [{ continue: "x" }, /defineServer: continue is a function, got "x"/],
  [{ terminate: 5 }, /defineServer: terminate is a function, got 5/],
  [{ format: true }, /defineServer: format is a function, got true/],
  [{ cals: { get: receive } }, /defineServer: there is no "cals"; it takes init, .*calls/],
  [{ name: 5 }, /name is a text for reports, got 5/],
  [
    { budget: { initMs: -1 } },
    /the behaviour: budget\.initMs is a time in milliseconds from 1, or Infinity .*, got -1/,
  ],
  [{ budget: [] }, /the behaviour: budget is an object with mailbox, openTasks, initMs, terminateMs, got \[\]/],
  [{ mailboxCapacity: "10" }, /mailboxCapacity is a whole number from 1, got "10"/],
])("defineServer(%j) is bad_argument", (definition, message) => {
  const define = () => defineServer(definition as never);
  expect(define).toThrow(message);
  expect(define).toThrow(expect.objectContaining({ code: "bad_argument" }));
});

test.each<[unknown, RegExp]>([
  [undefined, /defineActor wants an object with init, receive.*, got undefined/],
  [{}, /defineActor: receive is a function, got undefined/],
  [{ receive: 5 }, /defineActor: receive is a function, got 5/],
  [{ receive, init: "x" }, /defineActor: init is a function, got "x"/],
  [{ receive, recieve: receive }, /defineActor: there is no "recieve"; it takes init, receive/],
])("defineActor(%j) is bad_argument", (definition, message) => {
  expect(() => defineActor(definition as never)).toThrow(message);
});

test("keys that are undefined are as if they were not there", () => {
  expect(defineServer({ init: undefined, calls: undefined, info: undefined } as never).kind).toBe("behaviour");
});

test("whether receive is an async function is found out, and not believed", async () => {
  const own = defineActor({ receive: async () => undefined });
  const another = defineActor({ receive: () => Promise.resolve() });
  expect([own, another].map(({ handlers }) => handlers.isReceiveAsync)).toEqual([true, false]);
  const server = defineServer({ info: async () => undefined });
  expect(server.handlers.isReceiveAsync).toBe(true);
  expect(defineServer({ calls: { get: async () => 1 } }).handlers.isReceiveAsync).toBe(false);
});
