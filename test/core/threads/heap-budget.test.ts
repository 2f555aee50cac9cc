/** The heap of a dedicated thread (core/SEMANTICS.md, S10.2). That of a process: test/core/processes/ends.test.ts. */
import { expect, test } from "@jest/globals";
import type { RefData } from "../../../index.ts";
import { glutton } from "../../fixtures/budgets.ts";
import { codeOf } from "../../support/bad-input.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });

const heapMb = 32;
const small = { isolation: "thread", heapMb } as const;

test("S10.2: the actor of a dedicated thread that fills its heap ends with the budget, those beside it with the thread", async () => {
  const system = shared();
  const ref = await system.spawn(glutton, undefined, { ...small, name: "glutton" });
  const child = (await ref.call("child")) as RefData;
  const downs = [await system.monitor(ref), await system.monitor(child)].map(async ({ down }) => (await down).reason);
  const { crashes } = await system.stats();
  expect(await codeOf(ref.call("fill"))).toBe("budget");
  expect(await Promise.all(downs)).toEqual([
    { budget: { heapMb } },
    { threadLost: expect.stringMatching(/memory limit/) as unknown },
  ]);
  expect(system.crashes().at(-1)).toMatchObject({
    ref: ref.toJSON(),
    name: "glutton",
    behaviour: "glutton",
    reason: { budget: { heapMb } },
  });
  expect((await system.stats()).crashes).toBe(crashes + 1);
});

test("S10.2: an init that fills its heap is a start that failed for the budget", async () => {
  await expect(shared().spawn(glutton, "at once", small)).rejects.toMatchObject({
    code: "budget",
    message: expect.stringContaining('went over its budget {"heapMb":32} before init ended') as unknown,
  });
});
