/** Values by a JSON Schema, whoever has written it. No actors. */
import { expect, test } from "@jest/globals";
import { jsonCheck } from "../../../core/contracts/json-schema.ts";

test("a schema whose check would be a promise is none", async () => {
  const input = { $async: true, type: "object" };
  await expect(jsonCheck(input, "it")).rejects.toMatchObject({
    code: "bad_argument",
    message: "it is no JSON Schema: it has $async",
  });
});

test("schemas of one id are apart, and may be asked for at once", async () => {
  const schema = (type: string) => ({ $id: "https://example.org/same", type });
  const [text, same, count] = await Promise.all([
    jsonCheck(schema("string"), "a"),
    jsonCheck(schema("string"), "b"),
    jsonCheck(schema("integer"), "c"),
  ]);
  expect([text?.("x", "x"), same?.("x", "x"), count?.("x", "x")]).toEqual([undefined, undefined, "x must be integer"]);
});

test("a schema may name itself: a tree", async () => {
  const check = await jsonCheck({ type: "object", properties: { left: { $ref: "#" } } }, "it");
  expect([check({ left: { left: {} } }, "x"), check({ left: { left: 1 } }, "x")]).toEqual([
    undefined,
    "x/left/left must be object",
  ]);
});

test("a schema that is no JSON is none", async () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  await expect(jsonCheck(circle, "it")).rejects.toMatchObject({ code: "bad_argument" });
});
