import { expect, test } from "@jest/globals";
import type { Answer } from "../../benchmarks/harness.ts";
import { goalsTable, jsonLine, machineLine, table } from "../../benchmarks/report.ts";
import { figures } from "../support/figures.ts";

const answer: Answer = {
  name: "pingpong",
  question: "two actors play",
  placement: "same thread",
  unit: "ns/round trip",
  reference: "mofa",
  contenders: [figures("mofa", 100, 1), figures("hand", 80, 0.8)],
  absent: [{ name: "erlang", absent: "no erl on the PATH" }],
  goals: [
    { text: "as fast as hand", against: "hand", wanted: 1, reached: 0.8, met: false },
    { text: "a trip within 200 ns", against: null, wanted: 200, reached: 100, met: true },
    { text: "as fast as erlang", against: "erlang", wanted: 1, reached: null, met: false },
  ],
};
const failed: Answer = { ...answer, contenders: [], goals: [], unverified: "mofa counted 5 where 6 is right" };
const machine = { node: "v26", flags: ["checks=false"], seed: 7, cores: 2, cpu: "one", erlang: undefined };

test("a table has who was not there, and each goal, met or not", () => {
  expect(table(answer)).toBe(`pingpong: two actors play
  ns/round trip  median  p99   min  max  samples  by mofa
  mofa              100  300   100  300       15    1.00x
  hand             80.0  240  80.0  240       15   0.800x
  memory  bytes/round trip  gc ns/round trip  heap MiB  RSS MiB
  mofa                96.0              1.50      12.0        -
  hand                96.0              1.50      12.0        -
  erlang: absent, no erl on the PATH
  goal: as fast as hand: NOT MET, 0.800x
  goal: a trip within 200 ns: met, 100
  goal: as fast as erlang: NOT MET, erlang was not there to be measured`);
});

test("what was not verified has no figures", () => {
  expect(table(failed)).toBe(`pingpong: two actors play
  NOT VERIFIED: mofa counted 5 where 6 is right
  erlang: absent, no erl on the PATH`);
});

test("all goals stand together, with how many were met", () => {
  expect(goalsTable([answer, failed]).split("\n").slice(0, 2)).toEqual([
    "goals: 1 of 3 met",
    "  pingpong: as fast as hand: NOT MET, 0.800x",
  ]);
});

test("the line for machines has ours, and peers by their names", () => {
  const { results, ...rest } = JSON.parse(jsonLine(false, machine, [answer, failed]));
  expect(rest).toEqual({
    machine: { cores: 2, cpu: "one" },
    node: "v26",
    flags: ["checks=false"],
    seed: 7,
    quick: false,
  });
  expect(results).toMatchObject([
    {
      benchmark: "pingpong",
      placement: "same thread",
      unit: "ns/round trip",
      ours: { median: 100, p99: 300, allocatedBytes: 96, gcNs: 1.5, heapBytes: 12_582_900, rssBytes: null },
      peers: { hand: { median: 80, p99: 240, ratio: 0.8 } },
      goals: answer.goals,
      verified: true,
    },
    { benchmark: "pingpong", ours: null, peers: {}, verified: false, unverified: "mofa counted 5 where 6 is right" },
  ]);
});

test("the line about the machine has what another needs for the same run", () => {
  expect(machineLine({ ...machine, erlang: "Erlang/OTP 25" })).toBe(
    "Node v26, Erlang/OTP 25, 2 cores (one), seed 7, checks=false",
  );
  expect(machineLine(machine)).toBe("Node v26, 2 cores (one), seed 7, checks=false");
});
