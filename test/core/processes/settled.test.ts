/** A system with processes is settled when none of them is at work (core/system/settling.ts). Processes only: others are seen by their thread. */
import { expect, test } from "@jest/globals";
import { puppet } from "../../fixtures/puppet.ts";
import { inProcess } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, spare: false });

test("a turn counts as work, also while its actor waits for what an earlier one began", async () => {
  const system = shared();
  const silent = await system.spawn(puppet, undefined);
  const actor = await system.spawn(puppet, undefined, inProcess);
  await actor.call("begin", ["call", silent, "hold"]);
  await system.settled();
  actor.cast("run", ["busy", 100]);
  actor.cast("run", ["tell", silent, "done"]);
  await system.settled();
  expect(await silent.call("seen")).toEqual(["done"]);
});

test("one that is open and waits for another actor does not", async () => {
  const system = shared();
  const silent = await system.spawn(puppet, undefined);
  const actor = await system.spawn(puppet, undefined, inProcess);
  actor.cast("wait", silent);
  await system.settled();
  expect(await silent.call("openCalls")).toBe(1);
});
