/** Lines of `mofa events`. */
import { expect, test } from "@jest/globals";
import { eventText } from "../../../cli/attach/event-text.ts";
import type { RuntimeEvent } from "../../../index.ts";

const ref = { node: "", thread: 1, slot: 2, generation: 3 };

const lines: readonly (readonly [RuntimeEvent, string])[] = [
  [
    { type: "exited", ref, name: undefined, behaviour: "clerk", reason: "killed" },
    "exited     ref 1.2.3  behaviour clerk  reason killed",
  ],
  [
    { type: "restarted", supervisor: ref, name: "top", id: 7, former: undefined, ref, restarts: 1 },
    "restarted  supervisor 1.2.3  name top  id 7  ref 1.2.3  restarts 1",
  ],
  [
    { type: "log", ref, name: "ann", level: "info", message: "two\n  lines", data: { count: 1, list: ["a"] } },
    "log        ref 1.2.3  name ann  level info  message two lines  data { count: 1, list: [ 'a' ] }",
  ],
];

test.each(lines)("an event is one line: %j", (event, line) => {
  const text = eventText(event);
  expect(text).toMatch(/^\d\d:\d\d:\d\d\.\d\d\d /);
  expect(text.slice(13)).toBe(line);
});
