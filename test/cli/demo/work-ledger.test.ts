import { describe, expect, test } from "@jest/globals";
import { acknowledgeTimeoutMs, failuresMax, type Item, WorkLedger } from "../../../cli/demo/work-ledger.ts";
import { WorkPlan } from "../../../cli/demo/work-plan.ts";
import { Ref } from "../../../index.ts";

class PlainRef extends Ref {
  override get node() {
    return "";
  }
  protected override get verbs(): never {
    throw new Error("the ledger talks to nobody itself");
  }
}

/** A ledger for one agent that never fails by plan, and what the ledger asked for. */
function ledgerFor(seed: number, hasFaults: boolean, tasks?: number) {
  const plan = new WorkPlan({ seed, agents: 1, hasFaults });
  const asked: string[] = [];
  let monitors = 0;
  const ledger = new WorkLedger(plan, tasks ?? plan.tasks, 0, {
    deliver: (ref, item) =>
      asked.push(`${item.type} ${item.task} to ${ref.thread}.${ref.generation}, attempt ${item.attempts}`),
    watch: () => ++monitors,
    unwatch: (monitor) => asked.push(`unwatch ${monitor}`),
    endThread: (thread) => asked.push(`end ${thread}`),
    killProcess: (ref) => asked.push(`kill ${ref.generation}`),
  });
  return { plan, ledger, take: () => asked.splice(0) };
}

function up(ledger: WorkLedger, thread: number, generation: number, nowMs: number) {
  ledger.ready({ agent: 0, ref: new PlainRef(thread, 1, generation) }, nowMs);
}

function crash(ledger: WorkLedger, type: Item["type"], task: number, attempt: number, atMs: number) {
  ledger.crashing({ agent: 0, type, task, attempt, atMs, error: "boom" });
}

describe("the coordinator's book", () => {
  test("hands out nothing before the work begins, then one task at a time until all are done", () => {
    const { ledger, take } = ledgerFor(1, false, 2);
    up(ledger, 1, 0, 0);
    expect(take()).toEqual([]);
    ledger.begin(0);
    expect(take()).toEqual(["task 0 to 1.0, attempt 1"]);
    ledger.done({ task: 0, attempt: 1 }, 5);
    expect(take()).toEqual(["task 1 to 1.0, attempt 1"]);
    expect(ledger.isFinished).toBe(false);
    ledger.done({ task: 1, attempt: 1 }, 9);
    expect(ledger.isFinished).toBe(true);
    expect(ledger.progress).toMatchObject({ submitted: 2, done: 2, retried: 0, lost: 0, restarts: 0 });
  });

  test("hands a task out again when its agent is gone, and measures the recovery up to its successor's first task", () => {
    const { ledger, take } = ledgerFor(1, false, 2);
    ledger.begin(0);
    up(ledger, 1, 0, 0);
    crash(ledger, "task", 0, 1, 100);
    ledger.down(1, "killed", 103);
    up(ledger, 1, 1, 110);
    ledger.done({ task: 0, attempt: 2 }, 125);
    expect(take()).toEqual(["task 0 to 1.0, attempt 1", "task 0 to 1.1, attempt 2", "task 1 to 1.1, attempt 1"]);
    expect(ledger.progress).toMatchObject({ submitted: 2, done: 1, retried: 1, restarts: 1 });
    expect(ledger.recoveriesMs).toEqual([25]);
  });

  test("takes a predecessor's late result for done, but not for a recovery", () => {
    const { ledger } = ledgerFor(1, false, 2);
    ledger.begin(0);
    up(ledger, 1, 0, 0);
    ledger.down(1, "killed", 10);
    up(ledger, 1, 1, 20);
    ledger.done({ task: 0, attempt: 1 }, 21);
    ledger.done({ task: 0, attempt: 2 }, 22); // the successor did it as well
    expect(ledger.progress).toMatchObject({ done: 1 });
    expect(ledger.recoveriesMs).toEqual([]);
    ledger.done({ task: 1, attempt: 1 }, 50);
    expect(ledger.recoveriesMs).toEqual([40]);
  });

  test("takes a successor's word before the down of its predecessor for that down", () => {
    const { ledger, take } = ledgerFor(1, false, 2);
    ledger.begin(0);
    up(ledger, 1, 0, 0);
    up(ledger, 2, 0, 10);
    ledger.down(1, "killed", 11);
    expect(take()).toEqual(["task 0 to 1.0, attempt 1", "unwatch 1", "task 0 to 2.0, attempt 2"]);
    expect(ledger.progress).toMatchObject({ agentsUp: 1, restarts: 1 });
  });

  test("hands a task out again when its acknowledgement is overdue", () => {
    const { ledger, take } = ledgerFor(1, false, 2);
    ledger.begin(0);
    up(ledger, 1, 0, 0);
    ledger.remind(acknowledgeTimeoutMs - 1);
    expect(take()).toEqual(["task 0 to 1.0, attempt 1"]);
    ledger.remind(acknowledgeTimeoutMs);
    expect(take()).toEqual(["task 0 to 1.0, attempt 2"]);
  });

  test("gives up a task that fails one agent after the other, and counts it as lost", () => {
    const { ledger } = ledgerFor(1, false, 1);
    ledger.begin(0);
    for (let life = 0; life < failuresMax; life++) {
      up(ledger, 1, life, life);
      crash(ledger, "task", 0, life + 1, life);
      ledger.down(life + 1, "killed", life);
    }
    up(ledger, 1, failuresMax, 9);
    expect(ledger.progress).toMatchObject({ submitted: 1, done: 0, lost: 1 });
    expect(ledger.givenUp).toEqual(["task 0: boom"]);
    expect(ledger.isFinished).toBe(true);
  });

  test.each([
    [{ turnLimit: 500 }, "looped"],
    [{ exitCalled: 7 }, "exited"],
    [{ processLost: { signal: "SIGKILL" } }, "processesLost"],
    [{ budget: { heapMb: 64 } }, "processesLost"],
  ])("an agent that could not say what ended it says so by its reason: %j", (reason, kind) => {
    const { ledger } = ledgerFor(1, false, 1);
    ledger.begin(0);
    for (let life = 0; life < failuresMax; life++) {
      up(ledger, 1, life, life);
      ledger.down(life + 1, reason, life);
    }
    up(ledger, 1, failuresMax, 9);
    expect(ledger.progress).toMatchObject({ submitted: 1, done: 0, lost: 1, [kind]: failuresMax });
    expect(ledger.givenUp).toEqual([expect.stringMatching(/^task 0: /)]);
  });

  test("an agent that others took with them has not failed at its task", () => {
    const { ledger } = ledgerFor(1, false, 1);
    ledger.begin(0);
    for (let life = 0; life < failuresMax; life++) {
      up(ledger, 1, life, life);
      ledger.down(life + 1, { threadLost: "another" }, life);
    }
    up(ledger, 1, failuresMax, 9);
    expect(ledger.progress).toMatchObject({ lost: 0, looped: 0, inHand: 1 });
  });

  test("puts a poison message in quarantine after as many failures, and then hands out the task behind it", () => {
    const { plan, ledger, take } = ledgerFor(3, true);
    const poisoned = [0, 1, 2, 3, 4].find((task) => plan.faultOf(task) === "poison") as number;
    ledger.begin(0);
    up(ledger, 1, 0, 0);
    for (let task = 0; task < poisoned; task++) ledger.done({ task, attempt: 1 }, 0);
    take();
    for (let life = 1; life <= failuresMax; life++) {
      crash(ledger, "poison", poisoned, life, 0);
      ledger.down(life, "killed", 0);
      up(ledger, 1, life, 0);
    }
    expect(take()).toEqual([
      `poison ${poisoned} to 1.1, attempt 2`,
      `poison ${poisoned} to 1.2, attempt 3`,
      `task ${poisoned} to 1.3, attempt 1`,
    ]);
    expect(ledger.progress).toMatchObject({ poisoned: 1, lost: 0 });
    expect(ledger.faults.filter(({ kind }) => kind === "poison")).toHaveLength(failuresMax);
  });

  test("ends the thread of the agent that gets the task, once, and is not done before its agent is up on another", () => {
    const { plan, ledger, take } = ledgerFor(3, true);
    ledger.begin(0);
    up(ledger, 4, 0, 0);
    let lives = 1;
    for (let task = 0; task < plan.tasks; task++) {
      if (plan.faultOf(task) === "poison") {
        for (let life = 0; life < failuresMax; life++) crash(ledger, "poison", task, life + 1, 0);
        ledger.down(lives++, "killed", 0);
        up(ledger, 4, lives, 0);
      }
      ledger.done({ task, attempt: 1 }, 0);
    }
    expect(take().filter((text) => text.startsWith("end"))).toEqual(["end 4"]);
    expect(ledger.isFinished).toBe(false);
    ledger.down(lives, "killed", 0);
    expect(ledger.isFinished).toBe(false);
    up(ledger, 5, 0, 0);
    expect(ledger.isFinished).toBe(true);
  });
});
