/** Probe, event recorder and placements of the test kit. Not in every placement: a probe is on main, and places are what is tested. */
import { describe, expect, test } from "@jest/globals";
import { describePlacements, Place, placementAnchor, type Runner } from "../../testing/describe-placements.ts";
import { EventRecorder } from "../../testing/event-recorder.ts";
import { Probe } from "../../testing/probe.ts";
import { puppet } from "../fixtures/puppet.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

describe("a probe", () => {
  test("gives its messages in order, and says when there is none", async () => {
    await using probe = await Probe.start(system());
    probe.ref.send("one");
    probe.ref.send("two");
    expect([await probe.next(), await probe.next()]).toEqual(["one", "two"]);
    await expect(probe.next()).rejects.toThrow("the system has settled and the probe got no message");
  });

  test("runs code as one of its turns, and lives on when that throws", async () => {
    await using probe = await Probe.start(system());
    expect(await probe.run((ctx) => ctx.self)).toEqual(probe.ref);
    expect(await probe.run(async (ctx) => await Promise.resolve(ctx.parent))).toEqual(system().self);
    await expect(probe.run(() => Promise.reject(new Error("late")))).rejects.toThrow("late");
    await expect(
      probe.run(() => {
        throw new Error("at once");
      }),
    ).rejects.toThrow("at once");
    expect(system().isAlive(probe.ref)).toBe(true);
  });

  test("keeps what a watch is about apart from other messages", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(puppet, undefined, { placement: { thread: 1 } });
    const watch = await probe.watch(ref);
    expect(await watch.isDown()).toBe(false);
    await expect(watch.reason()).rejects.toThrow("is not down");
    await ref.call("run", ["send", probe.ref, "other"]);
    await system().stopActor(ref);
    expect(await watch.reason()).toBe("normal");
    expect(await probe.all()).toEqual(["other"]);
  });

  test("is gone when it was stopped", async () => {
    const probe = await Probe.start(system());
    await probe.stop();
    expect(system().isAlive(probe.ref)).toBe(false);
  });
});

describe("an event recorder", () => {
  test("keeps the events of the types it was told, until it is stopped", async () => {
    const recorder = new EventRecorder(system(), ["exited"]);
    const end = async () => {
      await system().stopActor(await system().spawn(puppet, undefined, { placement: { thread: 1 } }));
      await system().settled();
    };
    await end();
    expect(recorder.events.map(({ type }) => type)).toEqual(["exited"]);
    recorder.clear();
    expect(recorder.events).toEqual([]);
    recorder.stop();
    await end();
    expect(recorder.events).toEqual([]);
  });
});

describe("a place", () => {
  test.each(["main", "scheduler", "dedicated"] as const)(
    "%s takes the actors that are there, and no other",
    async (name) => {
      const elsewhere = { main: { thread: 1 }, scheduler: { thread: 2 }, dedicated: { thread: 1 } } as const;
      const place = new Place(name);
      await place.spawn(system(), puppet, undefined);
      const misplaced = await system().spawn(puppet, undefined, { placement: elsewhere[name] });
      await expect(place.verify(system(), misplaced)).rejects.toThrow(/an actor asked for on .* is on thread/);
    },
  );

  test("a suite runs once in each place, and one that never asks for an actor fails", () => {
    const titles: string[] = [];
    const checks: (() => void)[] = [];
    const runner: Runner = {
      describe: (title, suite) => {
        titles.push(title);
        suite();
      },
      afterAll: (check) => void checks.push(check),
    };
    describePlacements("Order", (place) => void (place.name === "main" && place.options), runner);
    expect(titles).toEqual([
      "Order, on the main thread",
      "Order, on another scheduler thread",
      "Order, on a dedicated thread",
      "Order, in a process of its own",
    ]);
    expect(checks.map((check) => failureOf(check))).toEqual([
      "none",
      'the suite "Order" asked for no actor on another scheduler thread',
      'the suite "Order" asked for no actor on a dedicated thread',
      'the suite "Order" asked for no actor in a process of its own',
    ]);
    expect(placementAnchor.kind).toBe("behaviour");
  });
});

function failureOf(check: () => void): string {
  try {
    check();
    return "none";
  } catch (error) {
    return (error as Error).message;
  }
}
