/** Words of an actor's process as its code may forge them: none that main could stumble over is taken. */
import { expect, test } from "@jest/globals";
import { checkedWord } from "../../../core/process/word-check.ts";

const bytes = new Uint8Array();
const error = { name: "Error", message: "it failed", cause: { name: "Error", message: "the disk", cause: "full" } };
const behaviour = { exportName: "worker", isConfigured: false, isServer: true, handlers: ["call"], turnLimitMs: 5 };

test.each([
  { type: "ready" },
  { type: "loaded", behaviour },
  { type: "failed", error },
  { type: "done", value: bytes, as: "noReply" },
  { type: "threw", error, state: "{}" },
  { type: "ask", verb: "whereis", args: bytes },
  { type: "begin", id: 1, verb: "call", args: bytes },
  { type: "tell", verb: "send", args: bytes },
  { type: "acknowledged" },
  { type: "open" },
  { type: "unhandled", error },
])("a word is taken as it is: $type", (word) => {
  expect(checkedWord(word)).toBe(word);
});

test.each([
  [undefined, "no word: undefined"],
  [null, "no word: null"],
  [{ type: "toString" }, 'no word: {"type":"toString"}'],
  [{ type: "loaded" }, '"loaded" with behaviour undefined'],
  [{ type: "loaded", behaviour: { ...behaviour, handlers: [1] } }, '"loaded" with behaviour {'],
  [{ type: "loaded", behaviour: { ...behaviour, turnLimitMs: -1 } }, "turnLimitMs is a time in milliseconds from 1"],
  [{ type: "loaded", behaviour: { ...behaviour, isConfigured: undefined } }, '"loaded" with behaviour {'],
  [{ type: "loaded", behaviour: { ...behaviour, declaration: { tags: 1 } } }, "the behaviour: declaration"],
  [{ type: "failed", error: "it failed" }, '"failed" with error "it failed"'],
  [{ type: "unhandled", error: { ...error, cause: { name: 1, message: "" } } }, '"unhandled" with error {'],
  [{ type: "threw", error }, '"threw" with state undefined'],
  [{ type: "done", value: [1, 2] }, '"done" with value [1,2]'],
  [{ type: "ask", verb: "whereis" }, '"ask" with args undefined'],
  [{ type: "begin", id: Number.NaN, verb: "call", args: bytes }, '"begin" with id'],
  [{ type: "tell", verb: 7, args: bytes }, '"tell" with verb 7'],
])("what is none is told: %j", (word, message) => {
  expect(() => checkedWord(word)).toThrow(message);
});
