/** core/SEMANTICS.md, S2: order and delivery. */
import { expect, test } from "@jest/globals";
import { EventRecorder, Probe } from "../../../testing/index.ts";
import { puppet, type Step } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

/** On another thread than main and the place of the suite. */
const elsewhere = { placement: { thread: 2 } };

describePlacements("S2 Order and delivery", (place) => {
  test("S2.1: messages and casts of one sender arrive in the order sent", async () => {
    const sender = await place.spawn(system(), puppet, undefined);
    const receiver = await system().spawn(puppet, undefined, elsewhere);
    const numbers = Array.from({ length: 500 }, (_, n) => n);
    for (const n of numbers) {
      const step: Step = n % 2 === 0 ? ["send", receiver, n] : ["cast", receiver, "keep", n];
      sender.cast("run", step);
    }
    await system().settled();
    expect(await receiver.call("seen")).toEqual(numbers);
  });

  test("S2.1: messages arrive in the order sent here, too", async () => {
    const receiver = await place.spawn(system(), puppet, undefined);
    const numbers = Array.from({ length: 500 }, (_, n) => n);
    for (const n of numbers) receiver.send(n);
    expect(await receiver.call("seen")).toEqual(numbers);
  });

  test("S2.1: messages of every size and kind keep their order among one another", async () => {
    const sender = await place.spawn(system(), puppet, undefined);
    const receiver = await system().spawn(puppet, undefined, elsewhere);
    const messages = Array.from({ length: 60 }, (_, n) => {
      const kinds = [n, { n }, new Map([["n", n]]), new Date(n), { n, text: "x".repeat(100_000) }, [n, new Set([n])]];
      return kinds[n % kinds.length];
    });
    for (const message of messages) sender.cast("run", ["send", receiver, message]);
    await system().settled();
    expect(await receiver.call("seen")).toEqual(messages);
  });

  test("S2.1: an exit signal keeps its place among messages", async () => {
    const sender = await place.spawn(system(), puppet, undefined);
    const receiver = await system().spawn(puppet, { trapExit: true }, elsewhere);
    for (const step of [
      ["send", receiver, "before"],
      ["exit", receiver, "shutdown"],
      ["send", receiver, "after"],
    ] satisfies Step[]) {
      sender.cast("run", step);
    }
    await system().settled();
    expect(await receiver.call("seen")).toEqual([
      "before",
      expect.objectContaining({ type: "exit", reason: "shutdown" }),
      "after",
    ]);
  });

  test("S2.1: the exit and the down of an actor come after its messages", async () => {
    const sender = await place.spawn(system(), puppet, undefined);
    const receiver = await system().spawn(puppet, { trapExit: true }, elsewhere);
    await receiver.call("run", ["link", sender]);
    await receiver.call("run", ["monitor", sender]);
    for (let n = 0; n < 50; n += 1) sender.cast("run", ["send", receiver, n]);
    sender.cast("run", ["stop", "shutdown"]);
    await system().settled();
    const seen = await receiver.call("seen");
    expect(seen.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(
      seen
        .slice(50)
        .map((message) => (message as { type: string }).type)
        .sort(),
    ).toEqual(["down", "exit"]);
  });

  test("S2.2: what waits in the mailbox does not hold up link, unlink, monitor and exit", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet, undefined, elsewhere);
    const subject = await place.spawn(system(), puppet, { trapExit: true });
    subject.cast("wait", gate);
    subject.send("unread");
    await probe.run((ctx) => ctx.link(subject));
    await probe.run((ctx) => ctx.unlink(subject));
    const watch = await probe.watch(subject);
    system().exit(subject, "kill");
    expect(await watch.reason()).toBe("killed");
    expect(await probe.all()).toEqual([]);
  });

  // A dedicated thread ends with its actor, and then nobody is there to say what became of a message on its way.
  if (place.name !== "dedicated") {
    test("S2.3: a message to an actor that is gone is one dead letter", async () => {
      await using probe = await Probe.start(system());
      const subject = await place.spawn(system(), puppet, undefined);
      const watch = await probe.watch(subject);
      system().exit(subject, "shutdown");
      await watch.reason();
      using recorder = new EventRecorder(system(), ["deadLetter"]);
      await probe.run((ctx) => ctx.send(subject, "too late"));
      await system().settled();
      expect(recorder.events).toEqual([expect.objectContaining({ type: "deadLetter", why: "noproc" })]);
    });
  }

  test("S2.4: an exit leaves the mail unread, as dead letters, and unread calls fail", async () => {
    await using probe = await Probe.start(system());
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    const gate = await system().spawn(puppet, undefined, elsewhere);
    const subject = await place.spawn(system(), puppet, undefined);
    const outcome = await probe.run((ctx) => {
      ctx.cast(subject, "wait", gate);
      ctx.send(subject, "unread");
      const call = ctx.call(subject, "echo", "unread").then(
        () => "answered",
        (error: { code: string }) => error.code,
      );
      ctx.exit(subject, "shutdown");
      return call;
    });
    expect(outcome).toBe("shutdown");
    await system().settled();
    expect(recorder.events).toContainEqual(expect.objectContaining({ message: expect.stringContaining("unread") }));
  });

  test("S2.5: a sender is not told that its receiver is gone", async () => {
    await using probe = await Probe.start(system());
    const subject = await place.spawn(system(), puppet, undefined);
    const watch = await probe.watch(subject);
    system().exit(subject, "shutdown");
    await watch.reason();
    const sender = await place.spawn(system(), puppet, undefined);
    expect(await sender.call("codeOf", ["send", subject, "m"])).toBe("none");
    expect(await sender.call("codeOf", ["cast", subject, "keep", "m"])).toBe("none");
  });

  test("S2.5: a name that nobody holds throws at the sender", async () => {
    const sender = await place.spawn(system(), puppet, undefined);
    expect(await sender.call("codeOf", ["send", "nobody", "m"])).toBe("noproc");
    expect(await sender.call("codeOf", ["cast", "nobody", "keep", "m"])).toBe("noproc");
  });

  test("S2.6: plain objects and arrays arrive frozen to their depths, other values do not", async () => {
    const sender = await place.spawn(system(), puppet, undefined);
    const receiver = await place.spawn(system(), puppet, undefined);
    const message = { list: [{ deep: [1] }], map: new Map([["in", { map: 1 }]]), bytes: new Uint8Array(2) };
    const ways: [string, () => unknown][] = [
      ["from main", () => receiver.send({ ...message })],
      ["from an actor", () => sender.call("run", ["send", receiver, { ...message }])],
      ["as a cast", () => receiver.cast("keep", { ...message })],
    ];
    for (const [way, send] of ways) {
      await send();
      await system().settled();
      expect([way, await receiver.call("frozenInLast")]).toEqual([
        way,
        { "": true, list: true, "list.0": true, "list.0.deep": true, map: false, bytes: false },
      ]);
    }
  });

  test("S2.6: an argument, an answer and an exit reason are frozen as well", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const answer = await subject.call("echo", { list: [1] });
    expect([Object.isFrozen(answer), Object.isFrozen((answer as { list: unknown }).list)]).toEqual([true, true]);
    await using probe = await Probe.start(system());
    await probe.run((ctx) => ctx.monitor(subject));
    subject.cast("crash", "disk full");
    const { reason } = (await probe.next()) as { reason: { error: object } };
    expect([Object.isFrozen(reason), Object.isFrozen(reason.error)]).toEqual([true, true]);
  });

  test("S2.7: special values arrive as what they are", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const cycle: { name: string; self?: unknown } = { name: "cycle" };
    cycle.self = cycle;
    const values: [string, unknown][] = [
      [
        "Map",
        new Map<unknown, unknown>([
          ["a", 1],
          [{ b: 2 }, new Map([["c", 3]])],
        ]),
      ],
      ["Set", new Set([1, "two", null])],
      ["Date", new Date(86_400_000)],
      ["bigint", 12_345_678_901_234_567_890n],
      ["typed array", new Float64Array([1.5, -0, Number.NaN])],
      ["bytes", new Uint8Array([1, 2, 255])],
      ["undefined in an object", { a: undefined, b: null }],
      ["cycle", cycle],
      ["ref", subject],
      ["refs in a message", { refs: [subject, subject] }],
      ["text", "ä€😀\u0000"],
      ["numbers", [0, -1, 2 ** 53, -(2 ** 31) - 1, Number.POSITIVE_INFINITY, 1e-300]],
    ];
    for (const [what, value] of values) {
      expect([what, await subject.call("echo", value)]).toEqual([what, value]);
    }
    expect(Object.is(((await subject.call("echo", [-0])) as number[])[0], -0)).toBe(true);
  });

  test("S2.7: an error arrives with name, message and cause", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const error = new TypeError("outer", { cause: new RangeError("inner") });
    expect(await subject.call("echo", error)).toMatchObject({
      name: "TypeError",
      message: "outer",
      cause: { name: "RangeError", message: "inner" },
    });
  });

  if (place.name === "main") return; // on one thread messages are passed by reference: nothing is refused

  test("S2.7: anything else is refused at the sender with the path of the field, and nothing is sent", async () => {
    class Point {
      x = 1;
    }
    const subject = await place.spawn(system(), puppet, undefined);
    const refused: [string, unknown][] = [
      ["handler", { handler: () => 1 }],
      ["list[1]", { list: [1, Symbol("no")] }],
      ["deep.point", { deep: { point: new Point() } }],
      ["promise", { promise: Promise.resolve(1) }],
    ];
    for (const [path, message] of refused) {
      expect([path, thrownBy(() => subject.send(message))]).toEqual([
        path,
        { code: "not_cloneable", message: expect.stringContaining(path) },
      ]);
    }
    expect(await subject.call("seen")).toEqual([]);
    await expect(subject.call("echo", { handler: () => 1 })).rejects.toMatchObject({ code: "not_cloneable" });
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
    return "nothing was thrown";
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code, message };
  }
}
