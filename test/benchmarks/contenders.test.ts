/** Contenders at a small size, each twice, since what one repetition leaves behind must not spoil the next. */
import { afterEach, expect, test } from "@jest/globals";
import type { Absent, Contender } from "../../benchmarks/harness.ts";
import { erlang } from "../../benchmarks/peers/erlang.ts";
import { freshProcess } from "../../benchmarks/peers/fresh-process.ts";
import { freshlyIdle } from "../../benchmarks/peers/idle.ts";
import { ours } from "../../benchmarks/peers/ours.ts";
import { sumBelow } from "../../benchmarks/peers/scenario.ts";
import { threadContender } from "../../benchmarks/peers/thread-contender.ts";

type Case = readonly [what: string, make: () => Contender | Absent, size: number, expected: number];

const restarts = (["restart-storm", "crash-to-answer"] as const).flatMap((scenario): Case[] => {
  const size = 150;
  const expected = scenario === "restart-storm" ? size : sumBelow(size);
  return [
    [`${scenario}: mofa`, () => ours({ scenario, threads: 1 }), size, expected],
    [`${scenario}: hand`, () => threadContender({ name: "hand", module: "hand-restarts", scenario }), size, expected],
    [`${scenario}: erlang`, () => erlang({ scenario, schedulers: 1 }), size, expected],
  ];
});

const starts = (["start-system", "start-workers"] as const).flatMap((program) =>
  (["import", "process"] as const).map(
    (since): Case => [`${program} since ${since}`, () => freshProcess({ name: "", program, since }), 2, sumBelow(2)],
  ),
);

const idle: readonly Case[] = [
  ["start-child: mofa", () => ours({ scenario: "start-child", threads: 1 }), 300, 300],
  ["idle: mofa, in a new system", freshlyIdle, 300, 300],
  [
    "start-child: hand",
    () => threadContender({ name: "hand", module: "hand-idle", scenario: "start-child" }),
    300,
    300,
  ],
  ["start-child: erlang", () => erlang({ scenario: "start-child", schedulers: 1 }), 300, 300],
];

const pingpong = (["async-pair", "async-pairs", "await-pair", "await-pairs"] as const).flatMap((scenario): Case[] => [
  [`${scenario}: mofa`, () => ours({ scenario, threads: 1 }), 250, 250],
  [`${scenario}: bare`, () => threadContender({ name: "", module: "hand-async", scenario }), 251, 251],
]);

const peers: readonly Case[] = [
  ["threadring: bare ring", () => threadContender({ name: "", module: "bare-ring", scenario: "threadring" }), 250, 250],
  ...(["pingpong", "count-flood", "count-windows", "spawn", "call"] as const).map(
    (scenario): Case => [
      `${scenario}: xstate`,
      () => threadContender({ name: "", module: "xstate", scenario }),
      2_500,
      scenario === "spawn" ? sumBelow(2_500) : 2_500,
    ],
  ),
];

const alone: Case = ["call-alone: mofa", () => ours({ scenario: "call-alone", threads: 1 }), 150, 150];
const neighbours: readonly Case[] = (["fairness", "call-beside-pairs", "call-beside-flood"] as const).flatMap(
  (scenario): Case[] => {
    const isFlood = scenario === "call-beside-flood";
    const threads = isFlood ? 2 : 1;
    const size = 150;
    const expected = scenario === "fairness" ? sumBelow(size) : size;
    const hand: Case = [
      `${scenario}: hand`,
      () => threadContender({ name: "", module: "hand-neighbours", scenario }),
      size,
      expected,
    ];
    return [
      [`${scenario}: mofa`, () => ours({ scenario, threads }), size, expected],
      ...(isFlood ? [] : [hand]),
      [
        `${scenario}: erlang`,
        () => erlang({ scenario, schedulers: threads, placement: isFlood ? "apart" : "free" }),
        size,
        expected,
      ],
    ];
  },
);

let entrant: Contender | Absent | undefined;
afterEach(async () => {
  if (entrant !== undefined && "close" in entrant) await entrant.close();
  entrant = undefined;
});

test.each([...restarts, ...starts, ...idle, ...pingpong, ...peers, ...neighbours, alone])(
  "%s has the right result, twice",
  async (what, make, size, expected) => {
    entrant = make();
    if ("absent" in entrant) {
      console.warn(`left out, ${entrant.absent}: ${what}`);
      return;
    }
    for (let time = 0; time < 2; time += 1) {
      const { result, elapsedMs } = await entrant.run(size);
      expect(result).toBe(expected);
      expect(elapsedMs).toBeGreaterThan(0);
    }
  },
);
