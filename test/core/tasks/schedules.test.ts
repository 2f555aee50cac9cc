/** core/SEMANTICS.md, S16.9: schedules. What they submit is a task like others, so their agents are on one thread alone. */
import { describe, expect, test } from "@jest/globals";
import type { Ref, TaskRequest } from "../../../core/index.ts";
import { CronLine } from "../../../core/tasks/cron-line.ts";
import { type MissedRuns, Schedules, type ScheduleTimes } from "../../../core/tasks/schedules.ts";
import { type CheckedTask, checkTask } from "../../../core/tasks/task-request.ts";
import type { TaskTable } from "../../../core/tasks/task-table.ts";
import { supervisor } from "../../../supervisors/index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { current, loggedAgent, TaskLog } from "../../fixtures/logged-agent.ts";
import { tally } from "../../fixtures/task-agents.ts";
import { failureOf, SimulatedTree } from "../../support/simulated-tree.ts";
import { useSystem } from "../../support/use-system.ts";

const minuteMs = 60_000;

/** How many are due at that time. */
function dueCount(schedules: Schedules, wallMs: number): number {
  let count = 0;
  schedules.submitDue(wallMs, (_request, stands) => {
    count++;
    stands();
  });
  return count;
}

/** A count of the tasks that an agent was given. */
async function counted(system: ReturnType<typeof useSystem>) {
  const agent = await system().spawn(tally, undefined, { placement: { thread: 1 } });
  return {
    request: { to: agent, call: "add" } satisfies TaskRequest,
    count: async () => {
      await system().settled();
      return await agent.call("count");
    },
  };
}

describe("a schedule", () => {
  const system = useSystem();
  const utc = { timeZone: "UTC" } as const;

  test("S16.9: submits its request at each time of its line, until it is cancelled", async () => {
    const { request, count } = await counted(system);
    const nowMs = system().clock.nowMs();
    const schedule = await system().schedule("*/10 * * * *", request, utc);
    const firstMs = Math.floor(nowMs / (10 * minuteMs) + 1) * 10 * minuteMs;
    expect(schedule.nextMs()).toBe(firstMs);
    await system().clock.advance(firstMs - nowMs - 1);
    expect(await count()).toBe(0);
    await system().clock.advance(1);
    expect([await count(), schedule.nextMs()]).toEqual([1, firstMs + 10 * minuteMs]);
    await system().clock.advance(30 * minuteMs);
    expect(await count()).toBe(4);
    expect([schedule.cancel(), schedule.cancel(), schedule.nextMs()]).toEqual([true, false, undefined]);
    await system().clock.advance(30 * minuteMs);
    expect(await count()).toBe(4);
  });

  test("S16.9: goes on with the scheduler's successor", async () => {
    const { request, count } = await counted(system);
    const schedule = await system().schedule("* * * * *", request, utc);
    await system().settled();
    system().exit(system().whereis("system.scheduler") as Ref, "kill");
    await system().settled();
    await system().clock.advance(2 * minuteMs);
    expect(await count()).toBe(2);
    schedule.cancel();
  });

  test.each<[MissedRuns, number]>([
    ["skip", 1],
    ["once", 1],
    ["all", 3],
  ])("S16.9: of times that nobody could look at, with missed %s, %i are submitted", async (missed, expected) => {
    const { request, count } = await counted(system);
    const schedule = await system().schedule("* * * * *", request, { ...utc, missed });
    await system().settled();
    const scheduler = system().whereis("system.scheduler") as Ref;
    await system().pause(scheduler);
    await system().clock.advance(3 * minuteMs);
    expect(await count()).toBe(0);
    await system().resume(scheduler);
    expect(await count()).toBe(expected);
    schedule.cancel();
  });

  test("S16.9: a task of it that fails is told by an event", async () => {
    const recorder = new EventRecorder(system(), ["log"]);
    const { request } = await counted(system);
    const schedule = await system().schedule("* * * * *", { ...request, call: "nothing" }, utc);
    await system().clock.advance(minuteMs);
    await system().settled();
    schedule.cancel();
    expect(recorder.events).toMatchObject([
      { message: "a scheduled task failed", data: { call: "nothing", error: { code: "undef" } } },
    ]);
  });

  test.each([
    ["61 * * * *", {}, /schedule: "61 \* \* \* \*": .*minute: 61/],
    [5, {}, /schedule wants a line of cron, such as "0 3 \* \* \*", got 5/],
    ["0 0 31 2 *", {}, /schedule: "0 0 31 2 \*" means no time that is still to come/],
    ["0 0 0 1 1 * 1969", { timeZone: "UTC" }, /means no time that is still to come/],
    [
      "* * * * *",
      { timeZone: "No/Where" },
      /schedule: timeZone is an IANA name such as "Europe\/Berlin" or "UTC", got "No\/Where"$/,
    ],
    ["* * * * *", { timeZone: 5 }, /timeZone is an IANA name such as .*, got 5/],
    ["* * * * *", { timeZone: "" }, /timeZone is an IANA name such as .*, got ""/],
    ["* * * * *", { missed: "never" }, /missed is "skip", "once" or "all", got "never"/],
    ["* * * * *", { zone: "UTC" }, /schedule: options: there is no "zone"; it takes timeZone, missed/],
  ])("S16.9: %j with %j is refused", async (line, options, message) => {
    const request = { to: "nobody", call: "c" };
    await expect(system().schedule(line as string, request, options as never)).rejects.toMatchObject({
      code: "bad_argument",
      message: expect.stringMatching(message),
    });
  });
});

describe("a line of cron", () => {
  const at = (text: string) => Date.parse(text);

  test.each([
    ["30 2 * * *", "Europe/Berlin", "2026-01-01T12:00:00Z", "2026-01-02T01:30:00Z"],
    // S16.9: the hour that is left out in spring ends at once, the one that comes twice in autumn counts once.
    ["30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"],
    ["30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"],
    ["30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    ["15,30 2,14 * * *", "Europe/Berlin", "2026-03-28T14:00:00Z", "2026-03-29T01:00:00Z"],
    ["15,30 2,14 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T12:15:00Z"],
    ["30 2,14 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T13:30:00Z"],
    ["15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z"],
    // S16.9: steps go by what the clock shows: in both hours, and in none that there is not.
    ["*/30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"],
    ["*/30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"],
    ["*/15 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T00:00:00Z"],
    ["* * * * *", "Europe/Berlin", "2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z"],
    ["0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"],
    ["*/20 * * * * *", "UTC", "2026-01-01T00:00:01Z", "2026-01-01T00:00:20Z"],
  ])("%s in %s after %s is %s", (line, timeZone, after, expected) => {
    expect(new CronLine(line, timeZone).nextAfter(at(after))).toBe(at(expected));
  });
});

describe("a time of day that is set", () => {
  const request = checkTask({ to: "nobody", call: "c" }, 1);
  const hourMs = 60 * minuteMs;
  const dayMs = 24 * hourMs;

  /** How many are due of every hour's at each of these times, in their order. */
  function dueAt(missed: MissedRuns, ...looks: readonly number[]): number[] {
    const schedules = new Schedules();
    schedules.add(new CronLine("0 * * * *", "UTC"), request, missed, 0);
    return looks.map((lookMs) => dueCount(schedules, lookMs));
  }

  test.each<[MissedRuns]>([["skip"], ["once"], ["all"]])(
    "S16.9: set back by up to three hours, no time comes twice (missed: %s)",
    (missed) => {
      expect(dueAt(missed, hourMs, 2 * hourMs, 0, hourMs, 2 * hourMs, 3 * hourMs)).toEqual([1, 1, 0, 0, 0, 1]);
    },
  );

  test("S16.9: set back by more, it goes on from there", () => {
    const year = 365 * dayMs;
    expect(dueAt("skip", hourMs, year, 2 * hourMs - 1, 2 * hourMs, 3 * hourMs)).toEqual([1, 1, 0, 1, 1]);
  });

  test("S16.9: set forwards, the times between count as missed", () => {
    const at = [hourMs, dayMs + 5 * minuteMs, dayMs + hourMs] as const;
    expect(dueAt("skip", ...at)).toEqual([1, 0, 1]);
    expect(dueAt("once", ...at)).toEqual([1, 1, 1]);
    expect(dueAt("all", ...at)).toEqual([1, 23, 1]);
  });

  test("S16.9: the scheduler looks at it every ten seconds, and deadlines go by the other clock", async () => {
    current.log = new TaskLog();
    const tree = new SimulatedTree({ seed: 1, threads: 1 });
    const { clock } = tree.system.kernel(0).host;
    let wall = 0;
    Object.assign(clock, { wallMs: () => wall });
    const main = tree.system.kernel(0);
    main.host.startService = ({ name, behaviour }) => void tree.ctx.spawn(behaviour, undefined, { name });
    await tree.start({ children: [{ id: "a", start: [loggedAgent] as const, name: "a" }] });
    const work = main.work as TaskTable;
    const toAgent = checkTask({ to: "a", call: "work", argument: 1 }, 1);
    work.schedule(new CronLine("0 * * * *", "UTC"), toAgent, "once");
    const waiting = tree.ctx.submit({ to: "nobody", call: "work", deadlineMs: 60_000 });
    await tree.settle();
    wall = 5 * hourMs;
    await tree.advance(9_000);
    expect(current.log.begun.size).toBe(0);
    await tree.advance(1_000);
    expect(current.log.begun.get(1)).toHaveLength(1);
    wall = 0;
    await tree.advance(49_000);
    expect(work.stats()).toMatchObject({ submitted: 2, failed: 0 });
    await tree.advance(1_000);
    expect(await failureOf(tree.until(waiting.result()))).toBe("deadline");
  });
});

describe("what a scheduler finds that begins", () => {
  const hourMs = 60 * minuteMs;
  const thrownOut = "a schedule was thrown out";

  /** A scheduler with two schedules: what is spoilt of the first when it has run once, and what each has called then. */
  async function spoilt(spoil: (request: CheckedTask, times: ScheduleTimes) => void) {
    current.log = new TaskLog();
    const tree = new SimulatedTree({ seed: 1, threads: 1 });
    const main = tree.system.kernel(0);
    main.host.startService = ({ name, behaviour }) => {
      tree.ctx.spawn(supervisor, { intensity: 10, children: [{ id: name, start: [behaviour], name }] });
    };
    await tree.start({ children: [{ id: "a", start: [loggedAgent] as const, name: "a" }] });
    const work = main.work as TaskTable;
    const add = (n: number) => {
      const times = { nextAfter: (ms: number) => (Math.floor(ms / hourMs) + 1) * hourMs };
      const request = checkTask({ to: "a", call: "work", argument: n, concurrency: 100 }, 1);
      return { times, request, schedule: work.schedule(times, request, "once") };
    };
    const [wrong, right] = [add(1), add(2)];
    await tree.advance(hourMs);
    // Its first task shall have ended, which has the same request.
    for (let n = 0; n < 2; n++) void tree.ctx.cast(tree.ctx.whereis("a") as Ref, "finish");
    await tree.settle();
    spoil(wrong.request, wrong.times);
    return { tree, work, wrong: wrong.schedule, right: right.schedule };
  }

  async function kill(tree: SimulatedTree): Promise<void> {
    tree.ctx.exit(tree.ctx.whereis("system.scheduler") as Ref, "kill");
    await tree.settle();
  }

  const runs = (n: number) => current.log.begun.get(n)?.length;

  test.each<[string, (request: CheckedTask, times: ScheduleTimes) => void]>([
    ["priority", (request) => Object.assign(request, { priority: 12 })],
    ["number of attempts", (request) => Object.assign(request, { attempts: 0 })],
    ["recipient", (request) => Object.assign(request, { to: "b" })],
    ["handler", (request) => Object.assign(request, { call: undefined })],
    ["source of times", (_request, times) => Object.assign(times, { nextAfter: undefined })],
  ])(
    "S16.7: a schedule with a wrong %s is thrown out, counted and told, and the others go on",
    async (_what, spoil) => {
      const { tree, work, wrong, right } = await spoilt(spoil);
      await kill(tree);
      expect([tree.logs, work.stats().discarded]).toEqual([[thrownOut], 1]);
      expect([wrong.nextMs(), wrong.cancel(), right.nextMs()]).toEqual([undefined, false, 2 * hourMs]);
      await tree.advance(hourMs);
      expect([runs(1), runs(2)]).toEqual([1, 2]);
    },
  );

  test("S16.7: so is one without a right time", async () => {
    const { tree, work, right } = await spoilt((_request, times) =>
      Object.assign(times, { nextAfter: () => Number.NaN }),
    );
    await tree.advance(hourMs);
    await kill(tree);
    expect([tree.logs, work.stats().discarded, right.nextMs()]).toEqual([[thrownOut], 1, 3 * hourMs]);
  });

  test("S16.7: one over which the scheduler crashes twice in a row is thrown out, and the others are not", async () => {
    const { tree, work } = await spoilt((_request, times) => {
      Object.assign(times, {
        nextAfter: () => {
          throw new Error("a bug");
        },
      });
    });
    await tree.advance(hourMs);
    expect([tree.logs, work.stats().discarded]).toEqual([[thrownOut], 1]);
    await tree.advance(hourMs);
    expect([runs(1), runs(2)]).toEqual([1, 3]);
  });

  test("S16.9: of one over which it crashes once no time is lost, and none comes twice", async () => {
    let crashes = 0;
    const { tree } = await spoilt((_request, times) => {
      const { nextAfter } = times;
      Object.assign(times, {
        nextAfter: (ms: number) => {
          // At each second time.
          if (crashes++ % 2 === 0) throw new Error("a bug");
          return nextAfter(ms);
        },
      });
    });
    for (let hours = 0; hours < 3; hours++) await tree.advance(hourMs);
    expect([crashes, runs(1), runs(2), tree.logs]).toEqual([6, 4, 4, []]);
  });
});

describe("times that were missed", () => {
  const request = checkTask({ to: "nobody", call: "c" }, 1);
  const hourMs = 60 * minuteMs;

  /** How many are due when somebody looks so long after the schedule was made, at 0:00. */
  function due(line: string, missed: MissedRuns, lookMs: number): number {
    const schedules = new Schedules();
    schedules.add(new CronLine(line, "UTC"), request, missed, 0);
    const count = dueCount(schedules, lookMs);
    expect(dueCount(schedules, lookMs)).toBe(0);
    return count;
  }

  test("the next time is that of the first, also when one is cancelled, comes, or is added", () => {
    const schedules = new Schedules();
    const add = (line: string) => schedules.add(new CronLine(line, "UTC"), request, "skip", 0);
    expect(schedules.nextMs).toBe(Infinity);
    const [, second] = [add("0 3 * * *"), add("0 1 * * *"), add("0 2 * * *")];
    expect(schedules.nextMs).toBe(hourMs);
    second.cancel();
    expect(schedules.nextMs).toBe(2 * hourMs);
    expect(dueCount(schedules, 2 * hourMs)).toBe(1);
    expect(schedules.nextMs).toBe(3 * hourMs);
    add("30 0 * * *");
    expect(schedules.nextMs).toBe(hourMs / 2);
  });

  test.each<[MissedRuns, number, number]>([
    ["skip", 3 * hourMs + 59_999, 1],
    ["skip", 3 * hourMs + minuteMs, 0],
    ["once", 12 * hourMs, 1],
    ["all", 12 * hourMs, 12],
    ["all", 365 * 24 * hourMs, 1_000],
  ])("with %s, %i ms later, are %i of every hour's", (missed, lookMs, expected) => {
    expect(due("0 * * * *", missed, lookMs)).toBe(expected);
  });
});
