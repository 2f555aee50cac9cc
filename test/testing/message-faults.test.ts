/** Messages that a plan drops, refuses or delays, in every place, from the same thread and from another. */
import { expect, test } from "@jest/globals";
import { type Ref, startSystem } from "../../index.ts";
import { EventRecorder, injectFaults, type Place } from "../../testing/index.ts";
import { listenerOfAll, sender, target } from "../fixtures/fault-target.ts";
import { codeOf } from "../support/bad-input.ts";
import { describePlacements } from "../support/describe-placements.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

let pairs = 0;

/** A sender and a receiver with names of their own. */
async function pair(place: Place, where: "near" | "far") {
  pairs += 1;
  const names = { from: `from-${pairs}`, to: `to-${pairs}` };
  const to = await place.spawn(system(), target, undefined, { name: names.to });
  const placement = where === "near" ? { near: to } : ({ thread: 2 } as const);
  const from = await system().spawn(sender, undefined, { name: names.from, placement });
  return { names, to, from };
}

async function injectedLetters(): Promise<number> {
  return (await system().stats()).deadLetters.injected;
}

async function end(...refs: readonly Ref[]): Promise<void> {
  for (const ref of refs) system().exit(ref, "kill");
  await system().settled();
}

describePlacements("a message of a pair", (place) => {
  test.each(["near", "far"] as const)(
    "is dropped, and counted as injected, by the pair's own count (%s)",
    async (where) => {
      const { names, to, from } = await pair(place, where);
      const other = await system().spawn(sender, undefined, { placement: { thread: 1 } });
      const before = await injectedLetters();
      using recorder = new EventRecorder(system(), ["faultInjected", "deadLetter"]);
      await using faults = await injectFaults(system(), {
        faults: [{ kind: "drop", ...names, afterMessages: 3, times: 2 }],
      });
      await other.call("burst", { to, first: 100, count: 5 });
      await from.call("burst", { to, first: 0, count: 8 });
      await system().settled();
      const seen = (await to.call("seen")) as number[];
      expect(seen.filter((number) => number < 100)).toEqual([0, 1, 2, 5, 6, 7]);
      expect(seen.filter((number) => number >= 100)).toEqual([100, 101, 102, 103, 104]);
      expect((await injectedLetters()) - before).toBe(2);
      expect(faults.injected()).toEqual([{ fault: 0, kind: "drop", injected: 2, skipped: 0 }]);
      const injected = { type: "faultInjected", fault: 0, kind: "drop", thread: to.thread, name: names.to };
      const letter = { type: "deadLetter", why: "injected", to: expect.objectContaining({ slot: to.slot }) };
      expect(recorder.events).toEqual([
        { ...injected, ref: to.toJSON(), from: from.toJSON() },
        { ...letter, message: "{ number: 3 }" },
        { ...injected, ref: to.toJSON(), from: from.toJSON() },
        { ...letter, message: "{ number: 4 }" },
      ]);
      await end(to, from, other);
    },
  );

  test.each(["near", "far"] as const)(
    "a call that is refused fails at once, one that is dropped by its time-out (%s)",
    async (where) => {
      const { names, to, from } = await pair(place, where);
      const before = await injectedLetters();
      await using _ = await injectFaults(system(), {
        faults: [
          { kind: "refuse", ...names, times: 1 },
          { kind: "drop", ...names, times: 1 },
        ],
      });
      const ask = () => from.call("ask", { to, timeoutMs: 1_000 });
      expect(await ask()).toBe("injected");
      const lost = ask();
      await system().clock.advance(999);
      const still = { isOpen: true };
      void lost.then(() => (still.isOpen = false));
      await system().settled();
      expect(still.isOpen).toBe(true);
      await system().clock.advance(1);
      expect([await lost, await ask()]).toEqual(["timeout", "asked"]);
      expect((await injectedLetters()) - before).toBe(2);
      await end(to, from);
    },
  );

  test.each(["near", "far"] as const)(
    "is delayed, and what the sender says after it stays behind it (%s)",
    async (where) => {
      const { names, to, from } = await pair(place, where);
      await using _ = await injectFaults(system(), {
        faults: [{ kind: "delay", ...names, afterMessages: 1, times: 1, ms: 100 }],
      });
      await from.call("burst", { to, first: 0, count: 4 });
      await system().settled();
      to.send({ number: 50 });
      await system().settled();
      expect(await to.call("seen")).toEqual([0, 50]);
      await system().clock.advance(99);
      expect(await to.call("seen")).toEqual([0, 50]);
      await system().clock.advance(1);
      expect(await to.call("seen")).toEqual([0, 50, 1, 2, 3]);
      await end(to, from);
    },
  );

  test.each(["near", "far"] as const)(
    "no end of the sender overtakes a message that is delayed (%s)",
    async (where) => {
      pairs += 1;
      const name = `listener-${pairs}`;
      const to = await place.spawn(system(), listenerOfAll, undefined, { name });
      const from = await system().spawn(sender, undefined, {
        placement: where === "near" ? { near: to } : { thread: 2 },
      });
      await to.call("watch", from);
      await using _ = await injectFaults(system(), {
        faults: [{ kind: "delay", from: { ref: from }, to: name, ms: 100 }],
      });
      await from.call("burst", { to, first: 1, count: 2 });
      system().exit(from, "kill");
      await system().settled();
      expect([system().isAlive(from), await to.call("seen")]).toEqual([false, []]);
      await system().clock.advance(100);
      const seen = (await to.call("seen")) as unknown[];
      expect(seen.slice(0, 2)).toEqual([{ number: 1 }, { number: 2 }]);
      expect(seen.slice(2)).toHaveLength(2);
      expect(seen.slice(2)).toEqual(
        expect.arrayContaining([
          ["down", "killed"],
          ["exit", "killed"],
        ]),
      );
      await end(to);
    },
  );

  test.each(["near", "far"] as const)(
    "goes on at once when the plan is taken back, and is a dead letter when its receiver ends (%s)",
    async (where) => {
      const { names, to, from } = await pair(place, where);
      const plan = { faults: [{ kind: "delay", ...names, ms: 1_000_000 }] } as const;
      const faults = await injectFaults(system(), plan);
      await from.call("burst", { to, first: 0, count: 2 });
      await system().settled();
      expect(await to.call("seen")).toEqual([]);
      await faults.stop();
      await system().settled();
      expect(await to.call("seen")).toEqual([0, 1]);
      await using _ = await injectFaults(system(), plan);
      const before = (await system().stats()).deadLetters.noproc;
      await from.call("burst", { to, first: 2, count: 1 });
      const asked = from.call("ask", { to, timeoutMs: 5_000 });
      await system().settled();
      system().exit(to, "kill");
      await system().settled();
      expect(await asked).toBe("noproc");
      expect((await system().stats()).deadLetters.noproc - before).toBe(2);
      await end(from);
    },
  );

  test.each(["near", "far"] as const)(
    "waits for no kill: that ends the receiver at once, and what stood before it is a dead letter (%s)",
    async (where) => {
      const { names, to, from } = await pair(place, where);
      await using _ = await injectFaults(system(), { faults: [{ kind: "delay", ...names, ms: 1_000_000 }] });
      const before = (await system().stats()).deadLetters.noproc;
      await from.call("burst", { to, first: 0, count: 2 });
      await from.call("kill", to);
      await system().settled();
      expect(system().isAlive(to)).toBe(false);
      expect((await system().stats()).deadLetters.noproc - before).toBe(2);
      await end(from);
    },
  );

  test.each(["near", "far"] as const)("is not overtaken by an answer of its sender (%s)", async (where) => {
    pairs += 1;
    const name = `asker-${pairs}`;
    const asker = await place.spawn(system(), listenerOfAll, undefined, { name });
    const placement = where === "near" ? { near: asker } : ({ thread: 2 } as const);
    const asked = await system().spawn(sender, undefined, { placement });
    await using _ = await injectFaults(system(), {
      faults: [{ kind: "delay", from: { ref: asked }, to: name, ms: 100 }],
    });
    await asker.call("ask", asked);
    await system().settled();
    expect(await asker.call("seen")).toEqual([]);
    await system().clock.advance(100);
    const seen = (await asker.call("seen")) as unknown[];
    expect(seen).toHaveLength(2);
    expect(seen).toEqual(expect.arrayContaining([{ number: 1 }, "answer"]));
    await end(asker, asked);
  });

  test("of the program, and of everybody, is meant where no `from` is", async () => {
    const { names, to, from } = await pair(place, "far");
    await using faults = await injectFaults(system(), { faults: [{ kind: "drop", to: names.to, afterMessages: 1 }] });
    for (let number = 0; number < 3; number++) to.send({ number });
    await system().settled();
    await from.call("burst", { to, first: 10, count: 3 });
    await system().settled();
    expect(faults.injected()).toEqual([{ fault: 0, kind: "drop", injected: 4, skipped: 0 }]);
    await faults.stop();
    expect(await to.call("seen")).toEqual([0, 10]);
    await end(to, from);
  });
});

test("a system that stops takes its plan back first: what that holds up does not hold up the stop", async () => {
  const own = await startSystem({ threads: 1, spare: false });
  const tree = await own.supervise({ children: [] });
  await own.register("root", tree.ref);
  const faults = await injectFaults(own, { faults: [{ kind: "delay", to: "root", ms: 3_600_000 }] });
  own.send("root", "held up");
  await own.stop();
  expect([own.isAlive(tree.ref), faults.injected()[0]?.injected]).toEqual([false, 1]);
});

test("what a lost thread had sent comes before the news of its loss, also where it is delayed", async () => {
  const to = await system().spawn(listenerOfAll, undefined, { name: "lossListener", placement: { thread: 2 } });
  const from = await system().spawn(sender, undefined, { placement: { thread: 1 } });
  await to.call("watch", from);
  await using _ = await injectFaults(system(), {
    faults: [{ kind: "delay", to: "lossListener", from: { ref: from }, ms: 1_000 }],
  });
  await from.call("burst", { to, first: 1, count: 1 });
  await system().settled();
  await system().terminateThread(1, "for the test");
  await system().settled();
  const seen = (await to.call("seen")) as unknown[];
  expect(seen[0]).toEqual({ number: 1 });
  expect(seen.slice(1)).toEqual(
    expect.arrayContaining([
      ["down", { threadLost: "for the test" }],
      ["exit", { threadLost: "for the test" }],
    ]),
  );
  expect(await codeOf(from.call("burst", { to, first: 2, count: 1 }))).toBe("noproc");
  await end(to);
});
