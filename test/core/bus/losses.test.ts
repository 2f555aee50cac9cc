/** What becomes of publishes for a thread that is lost, on simulated ones. */
import { expect, test } from "@jest/globals";
import type { Context, SubscriptionOptions } from "../../../core/actor/context.ts";
import { defineActor } from "../../../core/index.ts";
import { Counter } from "../../../core/kernel/counters.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const subscriber = (options: SubscriptionOptions, receive: () => void | Promise<void>) =>
  defineActor({
    module: "sim:losses",
    init: (_: undefined, ctx: Context) => void ctx.subscribe("news", options),
    receive,
  });

/** What its promises lead to is under way, too. */
async function settle(system: SimulatedSystem): Promise<void> {
  for (let n = 0; n < 4; n++) {
    system.settle();
    await Promise.resolve();
  }
}

test("S13.7: a publisher waits no more for a subscriber whose thread is lost", async () => {
  const system = new SimulatedSystem(1, 2);
  const slow = subscriber({ capacity: 1, policy: "wait" }, () => new Promise(() => {}));
  system.kernel(1).guest.ctx?.spawn(slow, undefined, { placement: "local" });
  await settle(system);
  const publish = () => system.kernel(0).guest.ctx?.publish("news", 1);
  // One in hand, one in the mailbox, and one beyond the bound.
  for (let n = 0; n < 3; n++) {
    expect(publish()).toBeUndefined();
    await settle(system);
  }
  let isAccepted = false;
  void publish()?.then(() => (isAccepted = true));
  await settle(system);
  expect(isAccepted).toBe(false);
  system.killThread(1, "killed");
  await settle(system);
  expect(isAccepted).toBe(true);
  expect(publish()).toBeUndefined();
});

test("S13.10: a queue group goes on without its members on a thread that is lost", async () => {
  const system = new SimulatedSystem(1, 3);
  const got = new Map<number, number>();
  for (const thread of [1, 2]) {
    const member = subscriber({ queue: "workers" }, () => void got.set(thread, (got.get(thread) ?? 0) + 1));
    system.kernel(thread).guest.ctx?.spawn(member, undefined, { placement: "local" });
  }
  await settle(system);
  for (let n = 0; n < 4; n++) {
    void system.kernel(0).guest.ctx?.publish("news", n);
    await settle(system);
  }
  expect([...got]).toEqual(
    expect.arrayContaining([
      [1, 2],
      [2, 2],
    ]),
  );
  system.killThread(1, "killed");
  await settle(system);
  for (let n = 0; n < 4; n++) void system.kernel(0).guest.ctx?.publish("news", n);
  await settle(system);
  expect(got.get(2)).toBe(6);
});

test("S13.10: what had not gone out yet to a member on a thread that is lost goes to another", async () => {
  const system = new SimulatedSystem(1, 3);
  let got = 0;
  for (const thread of [1, 2]) {
    const member = subscriber({ queue: "workers" }, () => void got++);
    system.kernel(thread).guest.ctx?.spawn(member, undefined, { placement: "local" });
  }
  await settle(system);
  for (let n = 0; n < 20_000; n++) void system.kernel(0).guest.ctx?.publish("news", n);
  system.killThread(1, "killed");
  await settle(system);
  // Each had got half of them. What the ring held is lost.
  expect(got).toBeGreaterThan(15_000);
  expect(system.kernel(0).counters.get(Counter.published)).toBe(20_000);
  expect(system.kernel(0).counters.get(Counter.busDeadLettered)).toBe(0);
});

test.each(["request", "requestStream"] as const)(
  "S18.2: a %s fails when all are lost with their threads who could answer it, and not before",
  async (verb) => {
    const system = new SimulatedSystem(1, 3);
    for (const thread of [1, 2])
      system.kernel(thread).guest.ctx?.spawn(
        subscriber({}, () => undefined),
        undefined,
        { placement: "local" },
      );
    await settle(system);
    const { ctx } = system.kernel(0).guest;
    const forever = Number.POSITIVE_INFINITY;
    let code: string | undefined;
    const asked =
      verb === "request"
        ? ctx?.request("news", "?", { timeoutMs: forever })
        : ctx?.requestStream("news", "?", { idleTimeoutMs: forever }).next();
    asked?.catch((error: { code: string }) => (code = error.code));
    await settle(system);
    system.killThread(1, "killed");
    await settle(system);
    expect(code).toBeUndefined();
    system.killThread(2, "killed");
    await settle(system);
    expect(code).toBe("thread_lost");
    const { calls, streams } = system.kernel(0);
    expect([calls.open, streams.open]).toEqual([0, 0]);
  },
);
