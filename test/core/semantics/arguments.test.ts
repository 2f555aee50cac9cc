/** Arguments of the wrong kind: refused where they are given, with the value and what was expected, on every placement. */
import { expect, test } from "@jest/globals";
import { describePlacements } from "../../../testing/index.ts";
import { puppet, type Step } from "../../fixtures/puppet.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

/** A step, and the message that it is refused with. */
const wrong: readonly (readonly [Step, RegExp])[] = [
  [["task", 5], /task wants a promise, or a function that returns one, got 5/],
  [["task"], /task wants a promise, or a function that returns one, got undefined/],
  [["stopActor", 5], /stopActor wants a ref or a registered name, got 5/],
  [["stopActor", "arguments", 5], /stopActor wants an exit reason, a word or an object, got 5/],
  [["demonitor", "m"], /demonitor wants a monitor or its id, got "m"/],
  [["demonitor", null], /demonitor wants a monitor or its id, got null/],
];

describePlacements("Arguments of ctx", (place) => {
  test.each(wrong)("%j is bad_argument, and nothing is left of it", async (step, message) => {
    const subject = await place.spawn(system(), puppet, undefined);
    expect(await subject.call("errorOf", step)).toMatch(message);
    expect(await subject.call("codeOf", step)).toBe("bad_argument");
    // What would be counted as under way would hold this up.
    await system().settled();
  });
});
