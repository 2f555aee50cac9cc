/** The names that somebody may have meant. */
import { expect, test } from "@jest/globals";
import { closeNames } from "../../cli/run/close-names.ts";

const known = ["worker", "worker-1", "store", "Parser", "parsers-at-work", "x"];

test.each([
  ["worker", ["worker", "worker-1"]],
  ["wroker", ["worker"]],
  ["PARSER", ["Parser"]],
  ["praser*", ["Parser", "parsers-at-work"]],
  ["y", ["x"]],
  ["nobody", []],
  ["*", []],
])("%s is close to %j", (pattern, close) => {
  expect(closeNames(pattern, known)).toEqual(close);
});
