import { expect, test } from "@jest/globals";
import { oneLine, paragraph, tableText } from "../../../cli/attach/table.ts";

const steering = "up\u{1b}[2J\u{9b}31m\u{7}";

test("a cell has no control characters: what an actor says does not steer the terminal", () => {
  expect(tableText(["says"], [[steering]])).toBe("says\nup\u{FFFD}[2J\u{FFFD}31m\u{FFFD}\n");
});

test("a line has none either, and white space of any kind is one space", () => {
  expect(oneLine(`a\r\n\tb${steering}`, 80)).toBe("a bup\u{FFFD}[2J\u{FFFD}31m\u{FFFD}");
});

test("of several lines none behind the first begins as a line of ours, and frames of a stack stay as they are", () => {
  const text = `no\nmofa: all is well\n\n\r\n    at there${steering}`;
  expect(paragraph(text)).toBe("no\n  mofa: all is well\n  \n  \u{FFFD}\n    at thereup\u{FFFD}[2J\u{FFFD}31m\u{FFFD}");
});
