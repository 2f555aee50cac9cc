/** The pure parts: who restarts, how often, after how long; where a key leads; how a report reads. Not in every placement: pure functions. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { SeededRandom } from "../../core/index.ts";
import { type BackoffRow, checkBackoff, nextDelayMs } from "../../supervisors/backoff.ts";
import {
  partitionName,
  partitionOf,
  partitionSetup,
  RestartWindow,
  reportText,
  type SupervisorReport,
} from "../../supervisors/index.ts";
import { decideExit, endsSupervisor, isExpectedEnd, restartGroup } from "../../supervisors/restart-decision.ts";
import { scriptedChild } from "../support/scripted-child.ts";
import { SimulatedTree } from "../support/simulated-tree.ts";

/** Time by hand. */
class Hand {
  ms = 0;
  nowMs(): number {
    return this.ms;
  }
}

describe("the restart window", () => {
  test("allows intensity restarts in one period, whoever they are of", () => {
    const clock = new Hand();
    const window = new RestartWindow({ intensity: 2, periodMs: 1_000 }, clock);
    expect([window.tryRestart(), window.tryRestart(), window.tryRestart()]).toEqual([true, true, false]);
  });

  test("a restart exactly one period old still counts", () => {
    const clock = new Hand();
    const window = new RestartWindow({ intensity: 1, periodMs: 1_000 }, clock);
    window.tryRestart();
    clock.ms = 1_000;
    expect(window.tryRestart()).toBe(false);
    const other = new RestartWindow({ intensity: 1, periodMs: 1_000 }, clock);
    other.tryRestart();
    clock.ms = 2_001;
    expect(other.tryRestart()).toBe(true);
  });

  test("intensity 0 makes the first restart final", () => {
    expect(new RestartWindow({ intensity: 0, periodMs: 1 }, new Hand()).tryRestart()).toBe(false);
    expect(new RestartWindow({ intensity: 0, periodMs: 1 }, new Hand()).tryRestart(7)).toBe(false);
  });

  test("the loss of one thread counts once a period, of two threads twice", () => {
    const clock = new Hand();
    const window = new RestartWindow({ intensity: 2, periodMs: 1_000 }, clock);
    for (let child = 0; child < 5_000; child++) expect(window.tryRestart(4)).toBe(true);
    expect(window.tryRestart(5)).toBe(true);
    expect(window.tryRestart(4)).toBe(true);
    expect(window.tryRestart()).toBe(false);
    expect(window.tryRestart(6)).toBe(false);
  });

  test("agrees with OTP's list of restarts for any times", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 1_500 }), { maxLength: 60 });
    fc.assert(
      fc.property(
        gaps,
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 1, max: 2_000 }),
        (times, intensity, periodMs) => {
          const clock = new Hand();
          const window = new RestartWindow({ intensity, periodMs }, clock);
          let restarts: number[] = []; // newest first, as in supervisor:add_restart/3
          for (const gap of times) {
            clock.ms += gap;
            restarts = [clock.ms, ...restarts.filter((atMs) => atMs >= clock.ms - periodMs)];
            expect(window.tryRestart()).toBe(restarts.length <= intensity);
          }
        },
      ),
    );
  });

  test("refuses a limit that is none", () => {
    expect(() => new RestartWindow({ intensity: -1, periodMs: 1 }, new Hand())).toThrow(/intensity must be/);
    expect(() => new RestartWindow({ intensity: 1, periodMs: 0 }, new Hand())).toThrow(/periodMs must be/);
    const window = new RestartWindow({ intensity: 1, periodMs: 1 }, new Hand());
    expect(() => window.setLimit({ intensity: 1.5, periodMs: 1 })).toThrow(/intensity must be/);
  });
});

describe("decisions", () => {
  test.each([
    ["permanent", "normal", true, "restart"],
    ["permanent", "boom", true, "restart"],
    ["transient", "normal", false, "keep"],
    ["transient", { shutdown: 1 }, false, "keep"],
    ["transient", "killed", true, "restart"],
    ["transient", { error: { name: "E", message: "m" } }, true, "restart"],
    ["temporary", "shutdown", false, "remove"],
    ["temporary", { threadLost: "crashed" }, true, "remove"],
  ] as const)("%s that ended %j", (restart, reason, isReported, action) => {
    expect(decideExit(restart, reason)).toEqual({ isReported, action });
  });

  test("who goes with a failed child", () => {
    expect((["one_for_one", "simple_one_for_one", "rest_for_one", "one_for_all"] as const).map(restartGroup)).toEqual([
      "itself",
      "itself",
      "rest",
      "all",
    ]);
  });

  test("when a significant child ends its supervisor", () => {
    const yes = { significant: true };
    expect(endsSupervisor("never", yes, () => false)).toBe(false);
    expect(endsSupervisor("any_significant", yes, () => true)).toBe(true);
    expect(endsSupervisor("all_significant", yes, () => true)).toBe(false);
    expect(endsSupervisor("all_significant", yes, () => false)).toBe(true);
    expect(endsSupervisor("any_significant", { significant: false }, () => false)).toBe(false);
  });

  test("killed is expected only of brutal_kill", () => {
    expect(isExpectedEnd("permanent", "brutal_kill", "killed")).toBe(true);
    expect(isExpectedEnd("permanent", "brutal_kill", "shutdown")).toBe(false);
    expect(isExpectedEnd("transient", "brutal_kill", "shutdown")).toBe(true);
    expect(isExpectedEnd("temporary", 100, "killed")).toBe(false);
  });
});

describe("backoff", () => {
  const backoff = checkBackoff({ initialMs: 100, maxMs: 1_000, factor: 2, jitter: 0, resetAfterMs: 5_000 });
  const random = new SeededRandom(1);

  test("doubles from the first delay to the longest", () => {
    const row: BackoffRow = { restarts: 0, startedMs: 0 };
    const delays = Array.from({ length: 6 }, () => nextDelayMs(backoff, row, 10, random));
    expect(delays).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  test("starts anew when the child has lived long enough", () => {
    const row: BackoffRow = { restarts: 5, startedMs: 0 };
    expect(nextDelayMs(backoff, row, 4_999, random)).toBe(1_000);
    expect(nextDelayMs(backoff, row, 5_000, random)).toBe(100);
  });

  test("jitter takes at most its share, and the same seed gives the same delays", () => {
    const jittered = { ...backoff, jitter: 0.5 };
    const delays = (seed: number) => {
      const chance = new SeededRandom(seed);
      return Array.from({ length: 100 }, () => nextDelayMs(jittered, { restarts: 0, startedMs: 0 }, 0, chance));
    };
    expect(delays(7)).toEqual(delays(7));
    expect(delays(7)).not.toEqual(delays(8));
    expect(Math.min(...delays(7))).toBeGreaterThanOrEqual(50);
    expect(Math.max(...delays(7))).toBeLessThanOrEqual(100);
    expect(new Set(delays(7)).size).toBeGreaterThan(90);
  });

  test("never gives a delay that is no number, however long the row", () => {
    const row: BackoffRow = { restarts: 100_000, startedMs: 0 };
    expect(nextDelayMs(checkBackoff({ initialMs: 0, maxMs: 10 }), row, 0, random)).toBe(0);
    expect(nextDelayMs(backoff, row, 0, random)).toBe(1_000);
  });

  test("resets after the mean of first and longest delay unless told otherwise (Pekko)", () => {
    expect(checkBackoff({ initialMs: 100, maxMs: 900 }).resetAfterMs).toBe(500);
  });
});

describe("partitions", () => {
  test("whole numbers count round, other keys are hashed, always to the same partition", () => {
    expect([0, 1, 5, -1, -5].map((key) => partitionOf(key, 4))).toEqual([0, 1, 1, 1, 1]);
    expect(partitionName("cache", 6, 4)).toBe("cache/2");
    expect(partitionName("cache", "user:1", 4)).toBe(partitionName("cache", "user:1", 4));
    expect(["user:1", "user:2", "", "ü", 0.5, 10n ** 30n].map((key) => partitionOf(key, 1_000))).toEqual([
      ...["user:1", "user:2", "", "ü", "0.5", (10n ** 30n).toString()].map((key) => partitionOf(key, 1_000)),
    ]);
  });

  test("keys are shared out evenly", () => {
    const counts = Array(8).fill(0) as number[];
    for (let i = 0; i < 8_000; i++) counts[partitionOf(`user:${i}`, 8)]! += 1;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  test("the setup has a child a partition, under its name, with its argument", () => {
    const setup = partitionSetup({ name: "cache", partitions: 2, child: { start: [scriptedChild, 5] } });
    expect(setup.children).toEqual([
      { id: 0, name: "cache/0", start: [scriptedChild, 5] },
      { id: 1, name: "cache/1", start: [scriptedChild, 5] },
    ]);
    expect(setup).toMatchObject({ intensity: 3, periodMs: 5_000, childPlacement: "spread" });
    const own = partitionSetup({
      name: "c",
      partitions: 2,
      child: { start: [scriptedChild] },
      argumentsByPartition: ["x", "y"],
    });
    expect(own.children?.map(({ start }) => start[1])).toEqual(["x", "y"]);
  });

  test("refuses a number of partitions that is none, and the wrong number of arguments", () => {
    for (const partitions of [0, -1, 1.5, Number.NaN])
      expect(() => partitionOf("a", partitions)).toThrow(/whole number/);
    const child = { start: [scriptedChild] } as const;
    expect(() => partitionSetup({ name: "c", partitions: 2, child, argumentsByPartition: [1] })).toThrow(
      /argumentsByPartition has 1/,
    );
  });
});

describe("reports as text", () => {
  const reportOf = async (): Promise<SupervisorReport> => {
    const t = await new SimulatedTree().start({ children: ["a"] });
    t.ctx.exit(await t.refOf("a"), {
      error: { name: "Error", message: "deep", cause: { name: "E", message: "x".repeat(200) } },
    });
    await t.settle();
    return t.reports[0] as SupervisorReport;
  };

  test("format_log_1: several lines, in OTP's order", async () => {
    const report = await reportOf();
    const lines = reportText(report).trimEnd().split("\n");
    expect(lines.map((line) => line.trim().split(":")[0])).toEqual([
      "supervisor",
      "errorContext",
      "reason",
      "offender",
    ]);
    expect(lines[3]).toContain("restart: 'permanent'");
    expect(lines[3]).toContain("start: 'scriptedChild'");
  });

  test("format_log_2: one line, cut at a length, and shallow at a depth", async () => {
    const report = await reportOf();
    const one = reportText(report, { singleLine: true });
    expect(one).toMatch(/^Supervisor: \S+ Context: child_terminated\. Reason: .* Offender: id=a,ref=\S+\.$/);
    expect(one).not.toContain("\n");
    const short = reportText(report, { singleLine: true, charsMax: 60 });
    expect(short).toHaveLength(60);
    expect(short.endsWith("...")).toBe(true);
    expect(reportText(report, { depth: 1 })).toContain("[Object]");
    expect(reportText(report, { depth: 1 })).not.toContain("xxx");
  });

  test("a number of children is told as such, and a progress report has its own form", async () => {
    const report = await reportOf();
    const { ref: _ref, ...rest } = report.offender;
    const many = reportText({ ...report, offender: { ...rest, nbChildren: 3 } }, { singleLine: true });
    expect(many).toContain("Offender: id=a,nbChildren=3.");
    const progress = reportText({ supervisor: report.supervisor, started: report.offender }, { singleLine: true });
    expect(progress).toMatch(/^Supervisor: \S+ Started: id=a,ref=\S+\.$/);
  });
});
