/** core/SEMANTICS.md, S14.13 on: interrupts of turns that wait. Those that hold their thread: core/threads/interrupts. */
import { expect, test } from "@jest/globals";
import type { ExitReason, Ref } from "../../../core/index.ts";
import { EventRecorder, Probe } from "../../../testing/index.ts";
import { interruptible, surviving, waitingInit, waitingTerminate } from "../../fixtures/interruptible.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

const codeOf = async (promise: Promise<unknown>) =>
  await promise.then(
    () => "none",
    ({ code }: { code: string }) => code,
  );

/** A turn that waits for a foreign promise keeps its system from being settled. */
async function running(target: Ref | string): Promise<void> {
  while ((await system().info(target)).state !== "running");
}

describePlacements("S14 Interrupts", (place) => {
  async function underWay(
    name: "wait" | "value" | "otherError" | "sleep",
  ): Promise<{ ref: Ref; answer: Promise<unknown> }> {
    const ref = await place.spawn(system(), interruptible, undefined);
    const answer = ref.call(name, undefined, { timeoutMs: Number.POSITIVE_INFINITY });
    answer.catch(() => undefined);
    await running(ref);
    return { ref: ref as Ref, answer };
  }

  const endOf = async (ref: Ref): Promise<ExitReason> => (await (await system().monitor(ref)).down).reason;

  test.each(["wait", "sleep"] as const)(
    "S14.14: a turn that fails by its signal is no crash, its caller is told, and the actor goes on: %s",
    async (name) => {
      const { ref, answer } = await underWay(name);
      const { crashes } = await system().stats();
      expect(await system().interrupt(ref, { reason: "enough" })).toBe(true);
      await expect(answer).rejects.toMatchObject({ code: "interrupted", message: expect.stringMatching(/enough/) });
      expect(await system().call(ref, "echo", "lives")).toBe("lives");
      expect((await system().stats()).crashes).toBe(crashes);
      if (name === "wait") expect(await system().call(ref, "notes")).toEqual(["waits", "interrupted", "true"]);
    },
  );

  test("S14.14: a turn that comes to an answer all the same is answered", async () => {
    const { ref, answer } = await underWay("value");
    expect(await system().interrupt(ref)).toBe(true);
    expect(await answer).toBe("a value");
    await system().clock.advance(1_000);
    expect(await system().call(ref, "echo", "lives")).toBe("lives");
  });

  test("S14.14: another error is a crash", async () => {
    const { ref, answer } = await underWay("otherError");
    const end = endOf(ref);
    await system().interrupt(ref);
    await expect(answer).rejects.toMatchObject({ message: "another" });
    expect(await end).toMatchObject({ error: { message: "another" } });
  });

  test("S14.14: the next turn has a signal of its own, and what holds an earlier one is not told", async () => {
    const ref = await place.spawn(system(), interruptible, undefined);
    await ref.call("keepSignal");
    ref.call("wait").catch(() => undefined);
    await running(ref as Ref);
    expect(await system().interrupt(ref)).toBe(true);
    expect(await ref.call("keptSignals")).toEqual([false]);
    expect(await ref.call("isAborted")).toBe(false);
    const again = codeOf(ref.call("wait"));
    await running(ref as Ref);
    expect(await system().interrupt(ref)).toBe(true);
    expect(await again).toBe("interrupted");
  });

  test("S14.14: a signal that is asked for behind the interrupt is aborted", async () => {
    const ref = await place.spawn(system(), interruptible, undefined);
    const gate = await system().spawn(puppet);
    const answer = codeOf(ref.call("late", gate));
    await system().settled();
    expect(await system().interrupt(ref)).toBe(true);
    await gate.call("run", ["answer"]);
    expect(await answer).toBe("interrupted");
  });

  test("S14.14: a turn that has not settled when its grace is over ends its actor, and does nothing more", async () => {
    const ref = await place.spawn(system(), interruptible, undefined);
    const gate = await system().spawn(puppet);
    const listener = await system().spawn(puppet);
    await using probe = await Probe.start(system());
    const watch = await probe.watch(ref);
    const answer = codeOf(ref.call("deaf", { gate, to: listener }, { timeoutMs: Number.POSITIVE_INFINITY }));
    await system().settled();
    expect(await system().interrupt(ref, { reason: "now", graceMs: 500 })).toBe(true);
    await system().clock.advance(499);
    await system().settled();
    expect(system().isAlive(ref)).toBe(true);
    await system().clock.advance(1);
    expect(await watch.reason()).toEqual({ interrupted: "now" });
    expect(await answer).toBe("interrupted");
    await gate.call("run", ["answer"]);
    await system().settled();
    expect(await listener.call("seen")).toEqual([]);
  });

  test("S14.14: with a grace without end it is told alone", async () => {
    const ref = await place.spawn(system(), interruptible, undefined);
    const gate = await system().spawn(puppet);
    const answer = ref.call("deaf", { gate, to: gate }, { timeoutMs: Number.POSITIVE_INFINITY });
    await system().settled();
    expect(await system().interrupt(ref, { graceMs: Number.POSITIVE_INFINITY })).toBe(true);
    await system().clock.advance(100_000);
    await gate.call("run", ["answer"]);
    expect(await answer).toBe(undefined);
  });

  test("S14.13: nothing under way is false, and later turns are not concerned", async () => {
    const ref = await place.spawn(system(), interruptible, undefined);
    expect(await system().interrupt(ref, { graceMs: 0 })).toBe(false);
    const gate = await system().spawn(puppet);
    const answer = ref.call("deaf", { gate, to: gate }, { timeoutMs: Number.POSITIVE_INFINITY });
    await system().settled();
    await system().clock.advance(2_000);
    await gate.call("run", ["answer"]);
    expect(await answer).toBe(undefined);
  });

  test("S14.13: a call that was put off is no turn", async () => {
    const ref = await place.spawn(system(), interruptible, undefined);
    ref.call("deferred").catch(() => undefined);
    await system().settled();
    expect(await system().interrupt(ref)).toBe(false);
  });

  test("S14.13: a paused actor's turn is interrupted, and what waits goes on waiting", async () => {
    const { ref, answer } = await underWay("wait");
    await system().pause(ref);
    const next = system().call(ref, "echo", "later");
    expect(await system().interrupt(ref)).toBe(true);
    expect(await codeOf(answer)).toBe("interrupted");
    await system().settled();
    expect((await system().info(ref)).messages).toBe(1);
    expect(await system().interrupt(ref)).toBe(false);
    await system().resume(ref);
    expect(await next).toBe("later");
  });

  test("S14.13: a turn behind which its actor is to stop is interrupted, and the actor stops in order", async () => {
    const { ref, answer } = await underWay("wait");
    const stopped = system().stopActor(ref, "shutdown");
    stopped.catch(() => undefined);
    expect(await system().interrupt(ref)).toBe(true);
    expect(await codeOf(answer)).toBe("interrupted");
    expect(await stopped).toBe("shutdown");
  });

  test("S14.13: of two interrupts of one turn the first says why, and the shorter grace counts", async () => {
    const ref = await place.spawn(system(), interruptible, undefined);
    const gate = await system().spawn(puppet);
    ref.call("deaf", { gate, to: gate }).catch(() => undefined);
    await system().settled();
    const end = endOf(ref as Ref);
    expect(await system().interrupt(ref, { reason: "first", graceMs: 1_000 })).toBe(true);
    expect(await system().interrupt(ref, { reason: "second", graceMs: 100 })).toBe(true);
    expect(await system().interrupt(ref, { reason: "third", graceMs: 5_000 })).toBe(true);
    await system().clock.advance(100);
    expect(await end).toEqual({ interrupted: "first" });
  });

  test("S14.13: an actor interrupts others, and not itself", async () => {
    const { ref, answer } = await underWay("wait");
    const other = await place.spawn(system(), interruptible, undefined);
    expect(await other.call("interruptSelf")).toBe("calling_self");
    expect(await other.call("interrupt", ref)).toBe(true);
    expect(await codeOf(answer)).toBe("interrupted");
  });

  test("S14.13: one that has ended is noproc, and what is wrong is refused", async () => {
    const ref = await place.spawn(system(), interruptible, undefined);
    for (const [options, message] of [
      [{ reason: 5 }, /reason is a text of 1 to 1000 characters, got 5/],
      [{ reason: "" }, /reason is a text/],
      [{ graceMs: -1 }, /graceMs is a time in milliseconds from 0, or Infinity, got -1/],
      [{ grace: 1 }, /there is no "grace"; it takes reason, graceMs/],
    ] as const)
      await expect(system().interrupt(ref, options as never)).rejects.toMatchObject({
        code: "bad_argument",
        message: expect.stringMatching(message),
      });
    await system().stopActor(ref);
    await expect(system().interrupt(ref)).rejects.toMatchObject({ code: "noproc" });
    await expect(system().interrupt("nobody at all")).rejects.toMatchObject({ code: "noproc" });
  });

  test("S14.17: an init that is interrupted is a start that failed", async () => {
    const nobody = await system().spawn(puppet);
    const starting = system().spawn(waitingInit, undefined, { ...place.options, name: "starting" });
    starting.catch(() => undefined);
    while (system().whereis("starting") === undefined) await nobody.call("echo", 1);
    while ((await system().info("starting")).state !== "initializing");
    expect(await system().interrupt("starting", { reason: "too late" })).toBe(true);
    await expect(starting).rejects.toMatchObject({ code: "start_failed" });
    expect(system().whereis("starting")).toBe(undefined);
  });

  test("S14.17: a terminate that fails by its signal ends as it was to end", async () => {
    const ref = await place.spawn(system(), waitingTerminate, undefined);
    const stopped = system().stopActor(ref, "shutdown");
    while ((await system().info(ref)).state !== "stopping");
    expect(await system().interrupt(ref)).toBe(true);
    expect(await stopped).toBe("shutdown");
  });

  test("S14.14: the hook of synchronous turns has no part in it, and it is told as an event", async () => {
    using recorder = new EventRecorder(system(), ["turnInterrupted"]);
    const ref = await place.spawn(system(), surviving, undefined);
    ref.call("wait").catch(() => undefined);
    await running(ref as Ref);
    await system().interrupt(ref, { reason: "told" });
    expect(await ref.call("notes")).toEqual(["waits", "interrupted", "true"]);
    expect(recorder.events).toEqual([{ type: "turnInterrupted", ref: ref.toJSON(), name: undefined, reason: "told" }]);
  });
});
