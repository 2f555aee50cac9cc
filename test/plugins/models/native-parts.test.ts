/** `llm-native`: schemas as grammars have them, and stop words in parts. Not in every placement: nothing starts. */
import { expect, test } from "@jest/globals";
import { grammarSchema } from "../../../plugins/llm-native/grammar-schema.ts";
import { StopWords } from "../../../plugins/llm-native/stop-words.ts";

const anything = {
  oneOf: [
    { type: ["string", "number", "boolean", "null"] },
    { type: "object", additionalProperties: true },
    { type: "array" },
  ],
};

test.each<[string, object, object]>([
  [
    "a field that need not be is written",
    { properties: { a: { type: "null" } } },
    { type: "object", properties: { a: { type: "null" } } },
  ],
  ["what only narrows is left to the check", { type: "integer", minimum: 1 }, { type: "integer" }],
  [
    "a repetition that is too great is left to the check",
    { type: "string", maxLength: 1e9, minLength: 2 },
    { type: "string", minLength: 2 },
  ],
  [
    "several types are alternatives",
    { type: ["integer", "array"] },
    { oneOf: [{ type: "integer" }, { type: "array" }] },
  ],
  ["anyOf is oneOf", { anyOf: [{ const: 1 }, { const: null }] }, { oneOf: [{ const: 1 }, { const: null }] }],
  ["an allOf of one is that", { allOf: [{ type: "boolean" }] }, { type: "boolean" }],
  ["no word at all is anything", {}, anything],
  [
    "an object without names has any",
    { type: "object" },
    { type: "object", properties: {}, additionalProperties: true },
  ],
  [
    "a name of an older draft is one of today's",
    { $ref: "#/definitions/a", definitions: { a: { enum: ["b"] } } },
    { $ref: "#/$defs/a", $defs: { a: { enum: ["b"] } } },
  ],
])("%s", (_claim, schema, said) => {
  expect(grammarSchema(schema as never, "output.schema")).toEqual(said);
});

test.each<[object, RegExp]>([
  [{ type: "object", properties: { a: { not: {} } } }, /output\.schema\.properties\.a cannot .* it has not/],
  [{ $ref: "#/$defs/none" }, /#\/\$defs\/none is none of its \$defs/],
  [{ enum: [{}] }, /a value that is given is an object/],
  [{ allOf: [{}, {}] }, /allOf has more than one/],
  [{ required: ["b"], properties: { a: {} } }, /it requires b, of which properties says nothing/],
  [{ type: "text" }, /there is no type "text"/],
  [{ items: false }, /output\.schema\.items cannot .* nothing is of it/],
])("%j is refused, with where and why", (schema, message) => {
  expect(() => grammarSchema(schema as never, "output.schema")).toThrow(
    expect.objectContaining({ code: "model_rejected", message: expect.stringMatching(message) as unknown }),
  );
});

test("a stop word is found over parts, the first of several, and what only began like one is passed on", () => {
  const stops = new StopWords(["END", "NOW"]);
  expect(["a E", "N", "Ex N", "OW END"].map((part) => stops.push(part))).toEqual([
    { text: "a ", isOver: false },
    { text: "", isOver: false },
    { text: "ENEx ", isOver: false },
    { text: "", isOver: true },
  ]);
  expect(stops.push("E")).toEqual({ text: "", isOver: false });
  expect(stops.rest()).toBe("E");
});
