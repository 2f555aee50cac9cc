/** Real threads: loops behind promises that functions return which are not async (core/SEMANTICS.md, S8.1). */
import { expect, test } from "@jest/globals";
import { type Ref, startSystem } from "../../../index.ts";
import { type Promising, promisingStarter } from "../../fixtures/promising.ts";
import { bystander } from "../../fixtures/runaway.ts";

const there = { placement: { thread: 1 } } as const;
const turnLimitMs = 100;

test.each<readonly [Promising, string, boolean]>([
  ["promisingInit", "the first of its behaviour", false],
  ["promisingInit", "a later one", true],
  ["promisingTerminate", "the first of its behaviour", false],
  ["promisingContinue", "the first of its behaviour", false],
  ["promisingReceive", "a later one", true],
])("one in %s is its actor's, and is cut down alone: %s", async (which, _one, isMet) => {
  await using system = await startSystem({ threads: 1, spare: false });
  const neighbour = await system.spawn(bystander, undefined, there);
  const starter = await system.spawn(promisingStarter, undefined, there);
  const spawn = async (isEndless: boolean): Promise<Ref> =>
    await starter.call("spawn", { which, isEndless, options: { turnLimitMs } });
  if (isMet) {
    system.send(await spawn(false), "begin");
    await neighbour.call("ping");
  }
  const ref = await spawn(true);
  const { down } = await system.monitor(ref);
  system.send(ref, "begin");
  expect((await down).reason).toEqual({ turnLimit: turnLimitMs });
  expect(await neighbour.call("ping")).toBe("pong");
  expect((await system.stats()).threadsLost).toBe(0);
});
