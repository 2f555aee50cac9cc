/** Arguments of the wrong kind: refused where they are given, with the value and what was expected, on every placement. */
import { expect, test } from "@jest/globals";
import { refKey } from "../../../core/index.ts";
import { puppet, type Step } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

const nobody = { node: "", thread: 0, slot: 9, generation: 9 };
const foreign = { ...nobody, node: "elsewhere" };
const earlier = { ...nobody, creation: 0 };

/** A step, and the message that it is refused with. */
const wrong: readonly (readonly [Step, RegExp])[] = [
  [["trapExit", "no"], /trapExit wants true or false, got "no"/],
  [["reply", undefined, 1], /reply wants the token of a call \(ctx\.from\), got undefined/],
  [["reply", { caller: "x", id: 3 }, 1], /reply wants the token of a call .*, got \{"caller":"x","id":3\}/],
  [["replyError", null, { code: "c", message: "m" }], /replyError wants the token of a call .*, got null/],
  [["replyError", { caller: nobody, id: 3 }, 5], /replyError wants an error with the texts code and message, got 5/],
  [["replyError", { caller: nobody, id: 3 }, undefined], /replyError wants an error .*, got undefined/],
  [["cancelTimer", undefined], /cancelTimer wants a timer of sendAfter or sendEvery, got undefined/],
  [["send", nobody, 1, 5], /send: options wants an object with transfer, got 5/],
  [["send", nobody, 1, { transfer: 5 }], /send: transfer is a list of ArrayBuffers.*, got 5/],
  [["cast", nobody, "keep", 1, { transfer: [5] }], /cast: transfer is a list of ArrayBuffers.*, got 5 at 0/],
  [["cast", nobody, "keep", 1, { transfer: [new Uint8Array(1)] }], /\(of a view its buffer\), got Uint8Array at 0/],
  [["call", nobody, "keep", 1, 5], /call: options wants an object with timeoutMs, trace, stream, got 5/],
  [["call", nobody, "keep", 1, { timeout: 5 }], /call: options: there is no "timeout"; it takes timeoutMs/],
  [["call", nobody, "keep", 1, { timeoutMs: "5" }], /call wants timeoutMs from 0 or Infinity, got "5"/],
  [["call", nobody], /call wants the name of a handler, got undefined/],
  [["cast", nobody], /cast wants the name of a handler, got undefined/],
  [["cast", nobody, 5], /cast wants the name of a handler, got 5/],
  [["send", foreign, 1], /send: <elsewhere:0\.9\.9> is an actor of node "elsewhere"/],
  [["monitor", foreign], /monitor: <elsewhere:0\.9\.9> is an actor of node "elsewhere"/],
  [["send", earlier, 1], /send: <0\.9\.9> is an actor of another system, or of an earlier run.*creation is 0, here/],
  [["reply", { caller: earlier, id: 1 }, 1], /reply: <0\.9\.9> is an actor of another system/],
  [["submit", { to: earlier, call: "c" }], /submit: <0\.9\.9> is an actor of another system/],
  [["register", "foreign", foreign], /register: <elsewhere:0\.9\.9> is an actor of node "elsewhere"/],
  [["spawn", "puppet", undefined, 5], /spawn: options wants an object with name, placement.*, got 5/],
  [["spawn", "puppet", undefined, "local"], /spawn: options wants an object with .*, got "local"/],
  [["start", "puppet", undefined, null], /spawn: options wants an object with .*, got null/],
  [["spawn", "puppet", undefined, { placment: "local" }], /spawn: options: there is no "placment"; it takes name, pla/],
  [["spawn", "puppet", undefined, { startTimeoutMs: "5" }], /startTimeoutMs is a time in milliseconds from 0, got "5"/],
  [
    ["spawn", "puppet", undefined, { heapMb: "64", isolation: "thread" }],
    /heapMb is a number of MiB from 16, got "64"/,
  ],
  [["spawn", "puppet", undefined, { budget: 5 }], /spawn: budget is an object with mailbox, openTasks, .*, got 5/],
  [["spawn", "puppet", undefined, { budget: { tasks: 5 } }], /spawn: budget: there is no "tasks"; it takes mailbox, /],
  [["spawn", "puppet", undefined, { budget: { mailbox: 0 } }], /budget.mailbox is a whole number from 1, .*, got 0/],
  [["spawn", "puppet", undefined, { budget: { openTasks: 1.5 } }], /budget.openTasks is a whole number .*, got 1.5/],
  [["spawn", "puppet", undefined, { budget: { initMs: "5" } }], /budget.initMs is a time in milliseconds .*, got "5"/],
  [["spawn", "puppet", undefined, { budget: { terminateMs: 0 } }], /budget.terminateMs is a time .* from 1, .*, got 0/],
  [
    ["spawn", "puppet", undefined, { budget: { mailbox: 5 }, mailboxCapacity: 5 }],
    /budget.mailbox ends an actor at its bound, and mailboxCapacity and mailboxPolicy let it live/,
  ],
  [["submit", 5], /submit wants an object with to, capability, call, .*, got 5/],
  [
    ["submit", { to: nobody, call: "c", prio: 1 }],
    /submit: there is no "prio"; it takes to, capability, call, argument, prio/,
  ],
  [["submit", { call: "c" }], /submit: to \(a ref or a registered name\) or capability says who .*, got undefined/],
  [["submit", { to: "a", capability: "b", call: "c" }], /to or capability says who does it, and not both, got/],
  [["submit", { capability: "", call: "c" }], /submit: capability is a name, got ""/],
  [["submit", { to: "", call: "c" }], /submit wants a ref or a registered name, got ""/],
  [["submit", { to: foreign, call: "c" }], /submit: <elsewhere:0\.9\.9> is an actor of node "elsewhere"/],
  [["submit", { to: nobody, call: 5 }], /submit: call is the name of a handler, got 5/],
  [["submit", { to: nobody, call: "c", priority: 10 }], /priority is a whole number from 0 to 9, got 10/],
  [["submit", { to: nobody, call: "c", priority: "5" }], /priority is a whole number from 0 to 9, got "5"/],
  [["submit", { to: nobody, call: "c", key: 5 }], /key is a text, got 5/],
  [["submit", { to: nobody, call: "c", deadlineMs: -1 }], /deadlineMs is a time from 0, got -1/],
  [["submit", { to: nobody, call: "c", attempts: 0 }], /attempts is a whole number from 1, got 0/],
  [["submit", { to: nobody, call: "c", concurrency: 1.5 }], /concurrency is a whole number from 1, got 1.5/],
  [["submit", { to: nobody, call: "c", backoff: 5 }], /submit: backoff wants an object with minMs, .*, got 5/],
  [
    [
      "submit",
      { to: nobody, call: "c", backoff: { minMs: Number.POSITIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY } },
    ],
    /backoff has minMs and maxMs/,
  ],
  [["submit", { to: nobody, call: "c", backoff: { maxMs: 1 } }], /backoff has minMs and maxMs, .* got \{"maxMs":1\}/],
  [["submit", { to: nobody, call: "c", backoff: { factor: 0.5 } }], /backoff has .* a factor from 1, got/],
  [["sendEvery", 10, "m", undefined, { missed: "no" }], /sendEvery: missed is "all", "once" or "skip", got "no"/],
  [["sendEvery", 10, "m", undefined, { miss: 1 }], /sendEvery: options: there is no "miss"; it takes missed/],
  [["submit", { to: nobody, call: "c", preemptible: 1 }], /preemptible is true or false, got 1/],
  [["submit", { to: nobody, call: "c", whenNobody: "no" }], /whenNobody is "queue", "wait" or "refuse", got "no"/],
  [["task", 5], /task wants a promise, or a function that returns one, got 5/],
  [["task"], /task wants a promise, or a function that returns one, got undefined/],
  [["stopActor", 5], /stopActor wants a ref or a registered name, got 5/],
  [["stopActor", nobody, "normal", "5s"], /stopActor wants timeoutMs from 0 or Infinity, got "5s"/],
  [["stopActor", "arguments", 5], /stopActor wants an exit reason, a word or an object, got 5/],
  [["log", "warn", "x"], /log: level is debug, info, warning, error, got "warn"/],
  [["log", "info", { x: 1 }], /log: message is a text, and data comes behind it, got \{"x":1\}/],
  [["demonitor", "m"], /demonitor wants a monitor or its id, got "m"/],
  [["demonitor", null], /demonitor wants a monitor or its id, got null/],
];

describePlacements("Arguments of ctx", (place) => {
  let kept: ReturnType<typeof start> | undefined;
  const start = () => place.spawn(system(), puppet, undefined);
  /** One for all of these: whoever survives a wrong argument is there for the next. */
  const survivor = () => (kept ??= start());

  test.each(wrong)("%j is bad_argument, and nothing is left of it", async (step, message) => {
    const subject = await survivor();
    expect(await subject.call("errorOf", step)).toMatch(message);
    expect(await subject.call("codeOf", step)).toBe("bad_argument");
    // What would be counted as under way would hold this up.
    await system().settled();
  });

  test.each([
    ["a thread that never was", { ...nobody, thread: 1_000_000_000 }],
    ["a thread below all", { ...nobody, thread: -1 }],
    ["a slot below all", { ...nobody, slot: -1 }],
    ["a slot beyond all", { ...nobody, slot: 1_000_000_000 }],
  ])("a ref of %s is that of an actor that is not there", async (_what, ref) => {
    const subject = await place.spawn(system(), puppet, undefined, {});
    expect(await subject.call("codeOf", ["send", ref, "message"])).toBe("none");
    expect(await subject.call("codeOf", ["call", ref, "echo"])).toBe("noproc");
    expect(await subject.call("run", ["isAlive", ref])).toBe(false);
    await subject.call("run", ["exit", ref, "kill"]);
    await subject.call("run", ["monitor", ref]);
    await system().settled();
    expect(await subject.call("seen")).toMatchObject([{ type: "down", reason: "noproc" }]);
    const near = ["spawn", "puppet", undefined, { placement: { near: ref } }] as const;
    if (ref.thread !== 0) expect(await subject.call("codeOf", near)).toBe("invalid_placement");
  });

  test.each([null, { near: null }, { near: foreign }, { near: earlier }, { near: 5 }, {}])(
    "placement %j is invalid_placement",
    async (placement) => {
      const subject = await survivor();
      expect(await subject.call("codeOf", ["spawn", "puppet", undefined, { placement }])).toBe("invalid_placement");
    },
  );
});

describePlacements("What fails says who, what and what to do", (place) => {
  const textOf = async (action: () => unknown): Promise<string> => {
    try {
      await action();
      return "no error";
    } catch (error) {
      return (error as Error).message;
    }
  };

  test("a start under a taken name: the name and its holder", async () => {
    const name = `held ${place.name}`;
    const holder = await place.spawn(system(), puppet, undefined, { name });
    const text = await textOf(() => system().spawn(puppet, undefined, { ...place.options, name }));
    expect(text).toContain(`the name "${name}" is held by <${refKey(holder)}>`);
    system().exit(holder, "kill");
  });

  test.each([
    ["itself", true],
    ["by the program", false],
  ])("a second name, registered %s: the first", async (_who, isOwn) => {
    const subject = await place.spawn(system(), puppet, undefined);
    await subject.call("run", ["register", `first ${place.name}`]);
    await system().settled();
    const text = isOwn
      ? await subject.call("errorOf", ["register", "second"])
      : await textOf(() => system().register("second", subject));
    expect(text).toMatch(/has a name already \("first \w+"\) and cannot have "second" as well: unregister that first/);
    system().exit(subject, "kill");
    await system().settled();
  });

  test("an init that takes too long: how long it had, and where else slow work may go", async () => {
    const start = { gate: await system().spawn(puppet) };
    const text = textOf(() => system().spawn(puppet, start, { ...place.options, startTimeoutMs: 250 }));
    await system().settled();
    await system().clock.advance(250);
    expect(await text).toMatch(/init did not end within startTimeoutMs \(250 ms\) and was killed: .*ctx\.continue/);
  });

  test("what cannot cross: by which verb, to whom, and the field", async () => {
    // Nothing crosses between the program and an actor on main.
    if (place.name === "main") return;
    const subject = await place.spawn(system(), puppet, undefined);
    const field = { handler: () => 1 };
    // Main knows the behaviours of the actors that have their cell there.
    const who = place.name === "process" ? `puppet <${refKey(subject)}>` : `<${refKey(subject)}>`;
    expect(await textOf(() => subject.send(field))).toMatch(`send to ${who}: message.handler is a function`);
    expect(await textOf(() => subject.cast("keep", field))).toMatch(`keep to ${who}: message.handler is a function`);
    expect(await textOf(() => subject.call("echo", field))).toMatch(`echo to ${who}: message.handler is a function`);
    expect(await textOf(() => system().spawn(puppet, field as never, place.options))).toMatch(
      "spawn, argument of puppet: message.handler is a function",
    );
  });
});
