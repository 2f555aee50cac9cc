/**
 * Cut in the middle of the kernel (core/README.md, Cuts): a verb is called without end, a cut falls anywhere into it, and the
 * kernel is whole. Real threads and real time; on main no turn is cut, so placements do not matter here. A hundred times as
 * many: test/stress/cuts-in-verbs.ts.
 */
import { beforeAll, expect, test } from "@jest/globals";
import { type Verb, verbs } from "../../fixtures/verb-loops.ts";
import { VerbCuts } from "../../support/cut-verbs.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ threads: 1, spare: false, clock: "system" });
let cuts: VerbCuts;
beforeAll(async () => {
  cuts = await VerbCuts.start(system());
});

test.each((Object.keys(verbs) as Verb[]).map((verb, at) => [verb, at % 2 === 1] as const))(
  "a cut anywhere in a loop of verbs leaves the kernel whole: %s (behind an await: %j)",
  async (verb, isBehindAwait) => {
    expect(await cuts.kill(verb, isBehindAwait)).toEqual([]);
  },
);

test.each(Object.keys(verbs) as Verb[])(
  "S14.15: an actor that lives on behind cuts anywhere in a loop of verbs is whole, and so is the kernel: %s",
  async (verb) => {
    expect(await cuts.interrupt(verb, 3)).toEqual([]);
  },
);

test("behind all these cuts no message is counted that is not there, and none is there that was not counted", async () => {
  expect(await cuts.end()).toEqual({ why: "for a test", unread: 0, unsent: 0 });
});
