/** Trace contexts of calls (core/SEMANTICS.md, S5.9), and operations as events (S20.6): what telemetry is made of. */
import { describe, expect, test } from "@jest/globals";
import { type OperationContentEvent, type OperationEvent, type Ref, startSystem } from "../../index.ts";
import { asker } from "../fixtures/asking-actors.ts";
import { inProcess } from "../support/in-process.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 2 });
const traceId = "0af7651916cd43dd8448eb211c80319c";
const trace = `00-${traceId}-b7ad6b7169203331-01`;
const child = new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`);

const places = [
  ["on main", { placement: { thread: 0 } }],
  ["on another thread", { placement: { thread: 1 } }],
  ["in a process", inProcess],
] as const;

describe.each(places)("an actor %s", (_where, options) => {
  const spawn = () => system().spawn(asker, undefined, options);

  test("S5.9: has the context of the call in hand, and of none where that has none", async () => {
    const actor = await spawn();
    expect(await actor.call("trace", undefined, { trace })).toBe(trace);
    expect(await actor.call("trace", undefined)).toBeUndefined();
    system().exit(actor, "kill");
  });

  test.each(places)("S5.9: hands it on to another %s, behind an await, or says another", async (_place, other) => {
    const actor = await spawn();
    const to: Ref = await system().spawn(asker, undefined, other);
    const through = { trace, timeoutMs: 30_000 };
    expect(await actor.call("traceThrough", { to }, through)).toBe(trace);
    expect(await actor.call("traceThrough", { to, trace: "another" }, through)).toBe("another");
    expect(await actor.call("traceThrough", { to }, { timeoutMs: 30_000 })).toBeUndefined();
    for (const one of [actor, to]) system().exit(one, "kill");
  });

  test("tells of an operation that has ended, once, with its own context and that of who asked", async () => {
    const actor = await spawn();
    const events: OperationEvent[] = [];
    const unlisten = system().events.on("operation", (event) => events.push(event));
    await actor.call("operate", { attributes: { "gen_ai.tool.name": "x" }, failure: "refused" }, { trace });
    await system().settled();
    unlisten();
    expect(events).toEqual([
      {
        type: "operation",
        ref: actor.toJSON(),
        name: undefined,
        operation: "invoke_agent",
        subject: "a subject",
        beganMs: expect.any(Number) as unknown,
        tookMs: expect.any(Number) as unknown,
        trace: expect.stringMatching(child) as unknown,
        parent: trace,
        attributes: { "gen_ai.tool.name": "x" },
        failure: "refused",
      },
    ]);
    system().exit(actor, "kill");
  });

  test("what is no attribute is not told, and fails nobody", async () => {
    const actor = await spawn();
    const events: OperationEvent[] = [];
    const unlisten = system().events.on("operation", (event) => events.push(event));
    const attributes = { model: null, counts: [1], odd: {}, size: Number.NaN, name: "x", flag: false, list: ["a"] };
    // As of a provider whose types promise more than it keeps.
    await actor.call("operate", { attributes: attributes as unknown as OperationEvent["attributes"] });
    await system().settled();
    unlisten();
    expect(events.map((event) => event.attributes)).toEqual([{ name: "x", flag: false, list: ["a"] }]);
    system().exit(actor, "kill");
  });

  test("S20.6: tells what was said to those alone who ask for that by its name", async () => {
    const actor = await spawn();
    const said = { content: { input: "a secret", output: ["an answer"] } };
    const everything: string[] = [];
    const unlisten = system().events.on("*", (event) => everything.push(JSON.stringify(event)));
    await actor.call("operate", said, { trace });
    await system().settled();
    expect(everything.filter((event) => event.includes(`"operation"`))).toHaveLength(1);
    expect(everything.filter((event) => event.includes("a secret") && event.includes("operation"))).toEqual([]);
    unlisten();
    const contents: OperationContentEvent[] = [];
    const end = system().events.on("operationContent", (event) => contents.push(event));
    const of = system().events.on("operation", () => {});
    await actor.call("operate", said, { trace });
    await system().settled();
    end();
    of();
    expect(contents.map(({ input, output }) => [input, output])).toEqual([["a secret", `["an answer"]`]]);
    system().exit(actor, "kill");
  });
});

test("S20.6: what was said has no trace context where that is none that W3C knows, and so has no span", async () => {
  const actor = await system().spawn(asker);
  const contents: OperationContentEvent[] = [];
  const end = system().events.on("operationContent", (event) => contents.push(event));
  const of = system().events.on("operation", () => {});
  await actor.call("operate", { content: { input: "said" } }, { trace: "request-7" });
  await system().settled();
  end();
  of();
  expect(contents.map(({ input, trace: told }) => [input, told])).toEqual([["said", undefined]]);
  system().exit(actor, "kill");
});

test.each(places)(
  "each attempt of a task with a context is an operation below it, done by an actor %s",
  async (_where, options) => {
    const actor = await system().spawn(asker, undefined, options);
    const events: OperationEvent[] = [];
    const unlisten = system().events.on("operation", (event) => events.push(event));
    const seen = await system().submit({ to: actor, call: "trace", trace }).result();
    await expect(
      system()
        .submit({ to: actor, call: "refuse", trace, attempts: 2, backoff: { minMs: 0 } })
        .result(),
    ).rejects.toMatchObject({ code: "refused" });
    await system().submit({ to: actor, call: "trace" }).result();
    await system().settled();
    unlisten();
    expect(seen).toMatch(child);
    expect(
      events.map(({ operation, subject, parent, failure, attributes }) => [
        operation,
        subject,
        parent,
        failure,
        attributes["mofa.task.attempt"],
      ]),
    ).toEqual([
      ["execute_task", "trace", trace, undefined, 1],
      ["execute_task", "refuse", trace, "refused", 1],
      ["execute_task", "refuse", trace, "refused", 2],
    ]);
    expect(events[0]).toMatchObject({ trace: seen, ref: actor.toJSON() });
    system().exit(actor, "kill");
  },
);

test.each(places)(
  "a task that is submitted while a call is in hand has its context: by an actor %s",
  async (_where, options) => {
    const actor = await system().spawn(asker, undefined, options);
    const other = await system().spawn(asker, undefined, { placement: { thread: 2 } });
    expect(await actor.call("submitTrace", { to: other }, { trace, timeoutMs: 30_000 })).toMatch(child);
    expect(await actor.call("submitTrace", { to: other }, { timeoutMs: 30_000 })).toBeUndefined();
    for (const one of [actor, other]) system().exit(one, "kill");
  },
);

// Not by `useSystem`, whose recorder listens to everything.
test.each(places)(
  "where nobody listens the context of who asked is handed on; where somebody does, a new one below it: %s",
  async (_where, options) => {
    await using own = await startSystem({ threads: 1, spare: false });
    const actor = await own.spawn(asker, undefined, options);
    expect(await actor.call("begin", "x", { trace })).toBe(trace);
    own.events.on("operation", () => {});
    expect(await actor.call("begin", "x", { trace })).toMatch(child);
    expect(await actor.call("begin", "x", { trace: "no traceparent" })).toBe("no traceparent");
    expect(await actor.call("begin", "x")).toBeUndefined();
  },
);

test("names and codes of any length are cut off, numbers that are none left out, and the call goes on", async () => {
  const actor = await system().spawn(asker, undefined, { placement: { thread: 1 } });
  const events: OperationEvent[] = [];
  const unlisten = system().events.on("operation", (event) => events.push(event));
  const long = "x".repeat(5_000);
  await actor.call("operate", {
    attributes: { long, list: Array.from({ length: 99 }, () => long), none: Number.NaN },
    failure: long,
  });
  await system().settled();
  unlisten();
  expect(events.map(({ attributes, failure }) => [Object.keys(attributes), attributes["long"], failure])).toEqual([
    [["long", "list"], "x".repeat(1_024), "x".repeat(256)],
  ]);
  system().exit(actor, "kill");
});

test.each([1, "x".repeat(513), null])("a trace that is no short text is refused: %p", async (wrong) => {
  const actor = await system().spawn(asker, undefined, { placement: { thread: 1 } });
  const options = { trace: wrong as never };
  await expect(actor.call("trace", undefined, options)).rejects.toMatchObject({ code: "bad_argument" });
  const stream = system().callStream(actor, "trace", undefined, options);
  await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "bad_argument" });
  system().exit(actor, "kill");
});
