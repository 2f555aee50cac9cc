/** core/SEMANTICS.md, S21.8 to S21.11: tasks in a store, over runs of a program that crash. */
import { expect, test } from "@jest/globals";
import type { Ref, TaskRequest } from "../../../index.ts";
import { puppet, type Step } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { DurableRuns, failureOf, store } from "../../support/durable-runs.ts";

const name = "worker";
const keep = (value: unknown, more: Partial<TaskRequest> = {}): TaskRequest => ({
  to: name,
  call: "run",
  argument: ["keep", value],
  ...more,
});

describePlacements("S21 Durable tasks", (place) => {
  const runs = new DurableRuns({ scheduler: { store } });
  const worker = (): Promise<Ref> => place.spawn(runs.system, puppet, undefined, { name });

  test("S21.8: what was accepted is done in the next run, in its order, by its name", async () => {
    await runs.start();
    const submitter = await place.spawn(runs.system, puppet, undefined);
    const ids = [];
    for (const priority of [1, 9, 5]) {
      const step: Step = ["acceptedOf", keep({ priority }, { priority })];
      ids.push(await submitter.call("run", step));
    }
    expect(new Set(ids).size).toBe(3);
    await runs.restart();
    const agent = await worker();
    expect(await runs.seen(agent, 3)).toEqual([9, 5, 1].map((priority) => ({ priority })));
    await runs.system.settled();
    await runs.stop();
    await runs.start();
    expect((await runs.system.stats()).tasks).toMatchObject({ submitted: 0, waiting: 0 });
  });

  test("S21.8: a result that was told means that it is never begun again", async () => {
    await runs.start();
    const agent = await worker();
    const submitter = await place.spawn(runs.system, puppet, undefined);
    const request: TaskRequest = { to: name, call: "echo", argument: "done" };
    expect(await submitter.call("run", ["resultOf", request])).toBe("done");
    await agent.call("run", ["keep", "alive"]);
    await runs.restart();
    await runs.system.settled();
    expect((await runs.system.stats()).tasks).toMatchObject({ submitted: 0 });
  });

  test("S21.8: what an agent had in hand is begun again", async () => {
    await runs.start();
    await worker();
    await runs.system.submit({ to: name, call: "hold", argument: 1 }).accepted();
    await runs.restart();
    const agent = await worker();
    while ((await agent.call("openCalls")) === 0) await runs.system.settled();
    expect(await agent.call("openCalls")).toBe(1);
  });

  test("S21.9: where the store fails it is not accepted, now or later", async () => {
    await runs.start();
    const submitter = await place.spawn(runs.system, puppet, undefined);
    for (const mood of ["refuse", "deny"] as const) {
      runs.mood = mood;
      expect(await submitter.call("codeOf", ["acceptedOf", keep(mood)])).toBe("storage_failed");
      expect(await submitter.call("codeOf", ["resultOf", keep(mood)])).toBe("storage_failed");
    }
    runs.mood = "good";
    await runs.system.submit(keep("good")).accepted();
    await runs.restart();
    expect(await runs.seen(await worker(), 1)).toEqual(["good"]);
  });

  test("S21.10: a task for a ref, or with one in its argument, is refused; one that is not durable is not", async () => {
    await runs.start();
    const submitter = await place.spawn(runs.system, puppet, undefined);
    const agent = await worker();
    const codeOf = (request: TaskRequest) => submitter.call("codeOf", ["acceptedOf", request]);
    expect(await codeOf(keep(1, { to: agent }))).toBe("bad_argument");
    expect(await codeOf(keep({ agent }))).toBe("not_cloneable");
    expect(await codeOf(keep({ agent }, { durable: false, to: agent }))).toBe("none");
    expect(await failureOf(runs.system.submit(keep({ agent })).accepted())).toMatch(
      /^not_cloneable: submit of "run": .*argument\[1\]\.agent/,
    );
    await runs.seen(agent, 1);
  });
});
