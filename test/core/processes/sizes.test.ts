/** Messages larger than the bound of what crosses to a process and back are refused at their sender, and nothing is lost silently (core/SEMANTICS.md, S9.9). */
import { expect, test } from "@jest/globals";
import { EventRecorder } from "../../../testing/index.ts";
import { consumer } from "../../fixtures/consumer.ts";
import { doer, logger } from "../../fixtures/process-tests.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { busDifferenceOf } from "../../support/bus-difference.ts";
import { codeOf, inProcess, next, spawnDoer, watchEnd } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false, processMessageBytesMax: 65_536 });
const forEver = { timeoutMs: Number.POSITIVE_INFINITY };
const large = 100_000;
const verbs = ["send", "cast", "call"] as const;

test.each(verbs)("S9.9: a %s of the program to a process is refused with both sizes and what to do", async (by) => {
  const ref = await spawnDoer(shared());
  const load = new Uint8Array(large);
  const message = expect.stringMatching(/100\d\d\d bytes, and 65536 is the most.*processMessageBytesMax/) as unknown;
  const attempt = async () => {
    if (by === "call") await ref.call("echo", load);
    else if (by === "cast") await ref.cast("keep", load);
    else await ref.send(load);
  };
  await expect(attempt()).rejects.toMatchObject({ code: "message_too_large", message });
  expect(await ref.call("got")).toEqual([]);
});

const places = [
  ["main", { placement: "local" }],
  ["another process", inProcess],
] as const;

test.each(places)("S9.9: from %s each verb refuses it in the sender's turn", async (_where, place) => {
  const system = shared();
  const sender = await system.spawn(doer, undefined, place);
  const to = await spawnDoer(system);
  const codes = [];
  for (const by of verbs) codes.push(await sender.call("sendBytes", { to, by, bytes: large }, forEver));
  expect(codes).toEqual(["message_too_large", "message_too_large", "message_too_large"]);
  expect(await sender.call("sendBytes", { to, by: "call", bytes: 10_000 }, forEver)).toBe("sent");
});

test("S9.9: from a thread, which does not know the bound, messages become dead letters that say why, calls fail, and the process lives", async () => {
  const system = shared();
  const sender = await system.spawn(doer, undefined, { placement: { thread: 1 } });
  const to = await spawnDoer(system);
  using recorder = new EventRecorder(system, ["deadLetter"]);
  const codes = [];
  for (const by of verbs) codes.push(await sender.call("sendBytes", { to, by, bytes: large }, forEver));
  expect(codes).toEqual(["sent", "sent", "message_too_large"]);
  const letter = { why: "not_cloneable", message: expect.stringContaining("and 65536 is the most") as unknown };
  expect(recorder.events).toMatchObject([letter, letter]);
  expect(await to.call("got")).toEqual([]);
});

test("S9.9: what is published and is too large for a subscriber's process is a dead letter, counted as one, and a request fails", async () => {
  const system = shared();
  const ref = await system.spawn(puppet, undefined, inProcess);
  const publisher = await system.spawn(puppet, undefined, { placement: { thread: 1 } });
  await ref.call("run", ["subscribe", "sizes"]);
  const load = "x".repeat(large);
  const difference = await busDifferenceOf(system, () => publisher.call("run", ["publish", "sizes", load]));
  expect(difference).toEqual({ published: 1, delivered: 0, dropped: 0, deadLettered: 1 });
  expect(await publisher.call("codeOf", ["request", "sizes", load, forEver])).toBe("not_cloneable");
  const [letter] = await system.deadLetters();
  expect(letter).toMatchObject({ why: "not_cloneable", isResendable: false });
  expect(await ref.call("seen")).toEqual([]);
});

test("S9.9: what is too large for the process of a queue's member is refused, and goes to another", async () => {
  const system = shared();
  const options = { queue: "sizes", ack: true, attempts: 1_000, backoff: { minMs: 1, maxMs: 1 } };
  const small = await system.spawn(consumer, { pattern: "sizes.queue", options }, inProcess);
  using letters = new EventRecorder(system, ["deadLetter"]);
  const warnings: string[] = [];
  const stop = system.events.on("log", ({ level, message }) => {
    if (level === "warning") warnings.push(message);
  });
  const publisher = await system.spawn(puppet, undefined, { placement: { thread: 1 } });
  await publisher.call("run", ["publish", "sizes.queue", "x".repeat(large), { ack: true }]);
  while (warnings.length === 0) await new Promise(setImmediate);
  const other = await system.spawn(consumer, { pattern: "sizes.queue", options }, { placement: { thread: 1 } });
  while (((await other.call("got")) as unknown[]).length === 0) await new Promise(setImmediate);
  expect(await small.call("got")).toEqual([]);
  stop();
  expect(warnings.every((text) => text.includes("65536 is the most"))).toBe(true);
  expect(letters.events).toEqual([]);
  await system.endQueue("sizes.queue", "sizes");
});

const tooMuch = ["answerBytes", "throwBytes"] as const;

test.each(tooMuch)("S9.9: a process that has too much to say at the end of a turn (%s) ends by that", async (call) => {
  const system = shared();
  const ref = await spawnDoer(system);
  const { reason } = await watchEnd(system, ref);
  const crashed = next(system, "crashed");
  expect(await codeOf(ref.call(call, large))).toBe("message_too_large");
  expect(await reason).toMatchObject({ error: { code: "message_too_large" } });
  expect((await crashed).state).toMatch(/got/);
});

test.each(tooMuch)(
  "S9.9: what comes of a call (%s) and is too large for the process fails the call in it",
  async (call) => {
    const system = shared();
    const to = await system.spawn(doer, undefined, { placement: { thread: 1 } });
    const ref = await spawnDoer(system);
    expect(await ref.call("codeOf", { to, call, bytes: large }, forEver)).toBe("message_too_large");
  },
);

test("S9.9: a start with an argument that is too large fails with both sizes, and leaves no process", async () => {
  const system = shared();
  const before = system.processes().length;
  await expect(system.spawn(logger, "x".repeat(large), inProcess)).rejects.toMatchObject({
    code: "start_failed",
    message: expect.stringMatching(/100\d\d\d bytes, and 65536 is the most/) as unknown,
  });
  while (system.processes().length > before) await new Promise(setImmediate);
});

test("S9.2: the head of a frame beyond the bound ends the process at once, with both sizes", async () => {
  const system = shared();
  const ref = await spawnDoer(system);
  const { reason } = await watchEnd(system, ref);
  expect(await codeOf(ref.call("do", "endless frame", forEver))).toBe("process_lost");
  const breach = expect.stringMatching(/a frame of 2147483647 bytes, and 65536 is the most/) as unknown;
  expect(await reason).toEqual({ processLost: { breach } });
});
