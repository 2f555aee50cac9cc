/** How the commands count actors. */
import { expect, test } from "@jest/globals";
import { behavioursText } from "../../../cli/attach/actor-text.ts";

test("behaviours are counted, the most first, and past the sixth as one sum", () => {
  expect(behavioursText({ crew: 16, agent: 10_000 })).toBe("10,000 agent, 16 crew");
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`b${n}`, 9 - n]));
  expect(behavioursText(many)).toBe("9 b0, 8 b1, 7 b2, 6 b3, 5 b4, 4 b5, 6 of other behaviours");
});
