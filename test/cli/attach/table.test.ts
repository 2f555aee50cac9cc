import { expect, test } from "@jest/globals";
import { oneLine, tableText } from "../../../cli/attach/table.ts";

const steering = "up\u{1b}[2J\u{9b}31m\u{7}";

test("a cell has no control characters: what an actor says does not steer the terminal", () => {
  expect(tableText(["says"], [[steering]])).toBe("says\nup\u{FFFD}[2J\u{FFFD}31m\u{FFFD}\n");
});

test("a line has none either, and white space of any kind is one space", () => {
  expect(oneLine(`a\r\n\tb${steering}`, 80)).toBe("a bup\u{FFFD}[2J\u{FFFD}31m\u{FFFD}");
});
