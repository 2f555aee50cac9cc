import { expect, test } from "@jest/globals";
import { asFastAs, type Goal, judged } from "../../benchmarks/goal.ts";
import { figures } from "../support/figures.ts";

// The medians say otherwise than the best of three.
const run = [figures("mofa", 150, 1, 100), figures("hand", 240, 1.6, 80), figures("erlang", 450, 3, 400)];

test.each<[string, Goal, number | null, boolean]>([
  ["exactly as fast as is wanted", asFastAs("erlang", 4), 4, true],
  ["not so fast", asFastAs("erlang", 4.1), 4, false],
  ["slower, within what is borne", asFastAs("hand", 0.8), 0.8, true],
  ["slower than is borne", asFastAs("hand", 0.81), 0.8, false],
  ["a median at its limit", { text: "", wanted: 100 }, 100, true],
  ["a median above its limit", { text: "", wanted: 99 }, 100, false],
  ["a 99th percentile above its limit", { text: "", wanted: 449, of: "p99" }, 450, false],
  ["somebody who was not there", asFastAs("nact", 1), null, false],
  ["another than the first, as fast as is wanted", asFastAs("mofa", 0.25, "erlang"), 0.25, true],
  ["another than the first, not so fast", asFastAs("mofa", 0.26, "erlang"), 0.25, false],
  ["another's median at its limit", { text: "", who: "erlang", wanted: 400 }, 400, true],
  ["one to be judged who was not there", asFastAs("mofa", 0, "nact"), null, false],
])("%s", (_what, goal, reached, met) => {
  expect(judged([goal], run)).toMatchObject([{ text: goal.text, wanted: goal.wanted, reached, met }]);
});

test("no goal is met where nothing was verified", () => {
  expect(judged([asFastAs("hand", 0), { text: "a", wanted: 1_000 }], [])).toEqual([
    { text: "0.00 times as fast as hand", against: "hand", wanted: 0, reached: null, met: false },
    { text: "a", against: null, wanted: 1_000, reached: null, met: false },
  ]);
});
