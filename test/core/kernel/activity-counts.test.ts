/** What a thread counts while somebody looks. */
import { expect, test } from "@jest/globals";
import { ActivityCounts } from "../../../core/kernel/activity-counts.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const question = { sort: "turns", limit: 9, of: undefined } as const;

test("nothing is counted before the first reading, nor when there was none for 15 s", () => {
  const system = new SimulatedSystem(1, 1);
  const kernel = system.kernel(0);
  let nowMs = 0;
  const counts = new ActivityCounts(kernel, () => nowMs);
  const subject = kernel.guest.ctx!.spawn(puppet);
  system.settle();
  expect(kernel.scheduler.activity).toBe(undefined);
  const turns = () => {
    subject.send(1);
    system.settle();
    return counts.read(1, question).actors.map((actor) => actor.turns);
  };
  expect([turns(), turns(), turns()]).toEqual([[], [1], [1]]);
  nowMs += 15_000;
  expect(turns()).toEqual([1]);
  nowMs += 15_001;
  expect(turns()).toEqual([]);
  nowMs += 15_001;
  subject.send(1);
  system.settle();
  expect(kernel.scheduler.activity).toBe(undefined);
});
