/** core/SEMANTICS.md, S20: the event stream. Listeners are on main in every placement; what they hear comes from anywhere. */
import { expect, test } from "@jest/globals";
import { nextLoop } from "../../../core/clock.ts";
import { eventsMax } from "../../../core/kernel/event-outlet.ts";
import { crashesMax } from "../../../core/kernel/event-stream.ts";
import { type EventType, type Ref, type RuntimeEvent, startSystem } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

/** The texts that listeners have heard. */
function hearing() {
  const heard: string[] = [];
  const as = (name: string) => (event: RuntimeEvent) =>
    void heard.push(event.type === "log" ? `${name} ${event.message}` : `${name} ${event.type}`);
  return { heard, as };
}

describePlacements("S20 Event stream", (place) => {
  test("S20.1: a listener hears its types alone, from its beginning to its end; each `on` counts for itself", async () => {
    const { heard, as } = hearing();
    const actor = await place.spawn(system(), puppet, undefined);
    const listener = as("one");
    const stopFirst = system().events.on(["log", "mailboxFull"], listener);
    const stopSecond = system().events.on("log", listener);
    await actor.call("run", ["log", "info", "a"]);
    stopFirst();
    stopFirst();
    await actor.call("run", ["log", "info", "b"]);
    stopSecond();
    await actor.call("run", ["log", "info", "c"]);
    await system().settled();
    expect(heard).toEqual(["one a", "one a", "one b"]);
  });

  test("S20.5: with `of` a listener hears of one actor alone, by ref or by name", async () => {
    const { heard, as } = hearing();
    const name = `s20 ${place.name}`;
    const named = await place.spawn(system(), puppet, undefined, { name });
    const other = await place.spawn(system(), puppet, undefined);
    const stops = [
      system().events.on("log", as("by ref"), { of: other }),
      system().events.on("log", as("by name"), { of: name }),
      system().events.on("*", as("all of it"), { of: other.toJSON() }),
    ];
    await named.call("run", ["log", "info", "from named"]);
    await other.call("run", ["log", "info", "from other"]);
    system().exit(other, "kill");
    await system().settled();
    other.send("nobody there"); // a dead letter's `to`
    await system().settled();
    for (const stop of stops) stop();
    expect(heard).toEqual([
      "by name from named",
      "by ref from other",
      "all of it from other",
      "all of it exited",
      "all of it deadLetter",
    ]);
  });
});

test("S20.5: what a supervisor tells of a child, who has its ref hears too", async () => {
  const { heard, as } = hearing();
  const children = [{ id: "child", start: [puppet] }] as const;
  const tree = await system().supervise({ children });
  const [child] = await tree.whichChildren();
  const stops = [
    system().events.on("restarted", as("by supervisor"), { of: tree.ref }),
    system().events.on("restarted", as("by the former child"), { of: child?.ref as Ref }),
  ];
  system().exit(child?.ref as Ref, "kill");
  await system().settled();
  for (const stop of stops) stop();
  expect(heard).toEqual(["by supervisor restarted"]);
});

test("S20.1: an event that comes while another is told is told after it, to all", async () => {
  const { heard, as } = hearing();
  const actor = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
  const here = { of: actor } as const;
  const stops = [
    system().events.on("log", () => system().exit(actor, "kill"), here),
    system().events.on(["log", "exited"], as("first"), here),
    system().events.on(["log", "exited"], as("second"), here),
  ];
  await actor.call("run", ["log", "info", "a"]).catch(() => undefined);
  await system().settled();
  for (const stop of stops) stop();
  expect(heard).toEqual(["first a", "second a", "first exited", "second exited"]);
});

test("S20.2: a listener that throws is told as an error of nobody's, and keeps nobody from the event", async () => {
  await using own = await startSystem({ threads: 1, spare: false, clock: "manual" });
  const { heard, as } = hearing();
  own.events.on("log", () => {
    throw new Error("bad listener");
  });
  own.events.on(["log", "unattributedError"], as("other"));
  own.events.on("unattributedError", ({ error, thread }) => {
    heard.push(`${thread} ${error.message}`);
    throw new Error("worse");
  });
  const actor = await own.spawn(puppet, undefined, { placement: { thread: 1 } });
  await actor.call("run", ["log", "info", "a"]);
  await actor.call("run", ["log", "info", "b"]);
  await own.settled();
  const error = ["other unattributedError", "0 bad listener"];
  expect(heard).toEqual(["other a", ...error, "other b", ...error]);
});

test("S20.2: a listener that was ended in the middle of an event does not hear it, and one that was added hears the next", async () => {
  const { heard, as } = hearing();
  const actor = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
  const here = { of: actor } as const;
  const stops: (() => void)[] = [];
  const stopOwn = system().events.on(
    "log",
    () => {
      stopOwn();
      stopOther();
      stops.push(system().events.on("log", as("added"), here));
      heard.push("once");
    },
    here,
  );
  const stopOther = system().events.on("log", as("ended"), here);
  await actor.call("run", ["log", "info", "a"]);
  await actor.call("run", ["log", "info", "b"]);
  await system().settled();
  for (const stop of stops) stop();
  expect(heard).toEqual(["once", "added b"]);
});

test("S20.3: what other threads tell while a listener holds main comes after it, all of it and in order", async () => {
  const actor = await system().spawn(puppet, undefined, { placement: { thread: 1 } });
  const heard: string[] = [];
  const stop = system().events.on(
    "log",
    ({ message }) => {
      heard.push(message);
      // Others run meanwhile: the thread has written more than one by the time that this ends.
      const words = new Int32Array(new SharedArrayBuffer(4));
      if (heard.length === 1) Atomics.wait(words, 0, 0, 20);
    },
    { of: actor },
  );
  for (let n = 0; n < 50; n++) actor.cast("run", ["log", "info", `${n}`]);
  await system().settled();
  stop();
  expect(heard).toEqual(Array.from({ length: 50 }, (_, n) => `${n}`));
});

test("S20.3: a listener that makes an event of each that it hears does not keep main from other work", async () => {
  await using own = await startSystem({ threads: 1, spare: false, clock: "manual" });
  const gone = await own.spawn(puppet, undefined, { placement: { thread: 0 } });
  await own.stopActor(gone);
  let heard = 0;
  const stop = own.events.on("deadLetter", () => {
    heard++;
    gone.send("is it there now?");
  });
  gone.send("is it there?");
  for (let turns = 0; turns < 3; turns++) await new Promise<void>((resolve) => nextLoop(resolve));
  stop();
  expect(heard).toBeGreaterThan(1_024);
});

test("S20.3: of what listeners make while they are told, what is one too many is dropped, counted and told", async () => {
  await using own = await startSystem({ threads: 1, spare: false, clock: "manual" });
  const gone = await own.spawn(puppet, undefined, { placement: { thread: 0 } });
  await own.stopActor(gone);
  let heard = 0;
  own.events.on("deadLetter", () => {
    if (heard++ === 0) for (let n = 0; n < eventsMax + 5; n++) gone.send(n);
  });
  const told = new Promise((resolve) => own.events.on("eventsDropped", resolve));
  gone.send("the first");
  expect(await told).toEqual({ type: "eventsDropped", thread: 0, count: 5, kinds: { deadLetter: 5 } });
  expect(heard).toBe(1 + eventsMax);
  expect((await own.stats()).eventsDropped).toBe(5);
});

test("S20.4: what a thread told before it was lost comes before its loss, and its actors have no end of their own", async () => {
  await using own = await startSystem({ threads: 2, spare: false, clock: "manual" });
  const actor = await own.spawn(puppet, undefined, { placement: { thread: 1 } });
  using recorder = new EventRecorder(own, ["log", "exited", "threadLost"]);
  const monitor = await own.monitor(actor);
  for (let n = 0; n < 3; n++) await actor.call("run", ["log", "info", `${n}`]);
  await own.terminateThread(1, "test");
  expect((await monitor.down).reason).toEqual({ threadLost: "test" });
  await own.settled();
  const told = recorder.events.map((event) => ("message" in event ? event.message : event.type));
  expect(told).toEqual(["0", "1", "2", "threadLost"]);
});

test("S20.6: the last crashes are kept, whether anybody listens or not", async () => {
  await using own = await startSystem({ threads: 1, spare: false, clock: "manual" });
  const counts = crashesMax + 5;
  for (let n = 0; n < counts; n++) {
    const actor = await own.spawn(puppet, undefined, { placement: { thread: n % 2 }, name: `crasher ${n}` });
    const monitor = await own.monitor(actor);
    actor.cast("crash", "on purpose");
    await monitor.down;
  }
  await own.settled();
  const names = own.crashes().map(({ name }) => name);
  expect(names).toEqual(Array.from({ length: crashesMax }, (_, n) => `crasher ${n + 5}`));
});

test.each<[unknown, unknown, unknown]>([
  ["logs", () => {}, undefined],
  [[], () => {}, undefined],
  [["log", "logs"], () => {}, undefined],
  ["log", "listener", undefined],
  ["log", () => {}, { of: 5 }],
  ["log", () => {}, { of: "" }],
  ["log", () => {}, { name: "a" }],
  ["log", () => {}, null],
])("S20: events.on(%p, %p, %p) is refused", (type, listener, options) => {
  const on = system().events.on.bind(system().events) as (...args: readonly unknown[]) => () => void;
  expect(() => on(type as EventType, listener, options)).toThrow(expect.objectContaining({ code: "bad_argument" }));
});
