/** Series of `prometheus` beyond their bound. Not in every placement: no actors run. */
import { expect, test } from "@jest/globals";
import { Counts, Histograms } from "../../../plugins/prometheus/bounded-series.ts";

const counted = (counts: Counts) => counts.samples.map(({ labels, value }) => [labels["model"], value]);

test("a model that comes late has its series, however many names were made up before it", () => {
  const counts = new Counts(2);
  for (let use = 0; use < 3; use++) counts.add({ model: "old" });
  for (let n = 0; n < 50; n++) counts.add({ model: `made up ${n}` });
  for (let use = 0; use < 3; use++) counts.add({ model: "late" }, 10);
  expect(counted(counts)).toEqual([
    ["old", 3],
    ["other", 50],
    ["late", 30],
  ]);
});

test("what loses its series is counted with the others, and nothing is lost or counted twice", () => {
  const histograms = new Histograms([1], 1);
  for (const [model, seconds] of [
    ["a", 0.5],
    ["other", 2],
    ["b", 3],
    ["b", 0.5],
  ] as const)
    histograms.record({ model }, seconds);
  const read = histograms.samples.map(({ labels, suffix, value }) => [labels["model"], labels["le"] ?? suffix, value]);
  expect(read.filter(([, what]) => what !== "_count")).toEqual([
    ["other", "1", 1],
    ["other", "+Inf", 2],
    ["other", "_sum", 2.5],
    ["b", "1", 1],
    ["b", "+Inf", 2],
    ["b", "_sum", 3.5],
  ]);
});
