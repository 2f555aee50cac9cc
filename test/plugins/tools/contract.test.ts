/** The contract of tools, by tools of the suite's own, asked from each placement. */
import { afterEach, expect, test } from "@jest/globals";
import {
  defineTool,
  defineTools,
  type Envelope,
  type Ref,
  type SupervisorHandle,
  startSystem,
  type ToolLimits,
  type ToolsClient,
  toolboxOf,
  toolsOf,
} from "../../../index.ts";
import { toolUser } from "../../fixtures/tool-user.ts";
import { annex, shifting, unopened, workshop } from "../../fixtures/tools.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });
const running: SupervisorHandle[] = [];

async function start(config: Partial<ToolLimits> = {}): Promise<ToolsClient> {
  running.push(await system().startPlugins([{ plugin: workshop, config }]));
  return toolsOf(system(), "workshop");
}

afterEach(async () => {
  for (const { ref, exit } of running.splice(0)) {
    system().exit(ref, "shutdown");
    await exit;
  }
});

/** Until the plugin has taken all that was asked before. */
const reached = () => system().call("plugin.workshop", "health");
const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

test("a tool gives what it is asked for, with what its schema adds", async () => {
  const tools = await start();
  expect(await tools.call("add", { a: 2 })).toBe(3);
});

test("arguments may be the text that a model has written", async () => {
  const tools = await start();
  expect(await tools.call("add", '{ "a": 2, "b": 3 }')).toBe(5);
});

test("the tools are listed with the schemas of both sides", async () => {
  const infos = await (await start()).tools();
  expect(infos.find(({ name }) => name === "add")).toEqual({
    name: "add",
    description: "Adds two numbers.",
    inputSchema: expect.objectContaining({ type: "object", required: ["a"] }),
    outputSchema: expect.objectContaining({ type: "number" }),
    needsApproval: false,
    isReadOnly: true,
  });
});

test.each([
  ["no JSON", "add", '{"a":', "add: its arguments are no JSON"],
  ["no JSON of its schema", "add", '{"a":"2"}', "add: arguments.a: Invalid input: expected number, received string"],
  ["of another schema", "shout", { txt: "a" }, "shout: arguments must have required property 'text'"],
  ["no object", "shout", "[1]", "shout: arguments must be object"],
])("arguments that are %s are refused, and say what is wrong", async (_what, name, given, message) => {
  const tools = await start();
  const error = await outcome(tools.call(name, given));
  expect(error).toMatchObject({ name: "ToolError", code: "tool_arguments" });
  expect((error as Error).message).toContain(message);
});

test.each(["sing", "constructor", "__proto__"])("the tool %s, which is not there, is unknown", async (name) => {
  const tools = await start();
  await expect(tools.call(name)).rejects.toMatchObject({
    code: "tool_unknown",
    message: expect.stringContaining("(it has: add, shout,"),
  });
});

test.each([
  ["refused", { code: "tool_denied", message: "not this one" }],
  ["bug", { code: "tool_failed", message: "fail: of no use" }],
  ["text", { code: "tool_failed", message: `fail: "a text"` }],
  ["function", { code: "tool_result", message: "fail has given a function, which is no JSON" }],
  ["circle", { code: "tool_result", message: expect.stringContaining("fail has given what is no JSON") }],
])("a tool that fails (%s) ends its call, and the plugin goes on as it is", async (how, error) => {
  const tools = await start();
  const { ref } = (await system().plugins())[0] ?? {};
  await expect(tools.call("fail", { how })).rejects.toMatchObject(error);
  expect(await tools.call("fail", { how: "not" })).toBeNull();
  expect((await system().plugins())[0]?.ref).toEqual(ref);
});

test("what a tool gives against its own word is refused", async () => {
  const tools = await start();
  await expect(tools.call("liar")).rejects.toMatchObject({
    code: "tool_result",
    message: "liar: result must be number",
  });
});

test("a result of 100 MB is refused by its size", async () => {
  const tools = await start();
  await expect(tools.call("much", { bytes: 100_000_000 })).rejects.toMatchObject({
    code: "tool_limit",
    message: "much has given 100000002 bytes, and maxResultBytes is 1048576",
  });
});

test("a call that is given up is told to its tool", async () => {
  const tools = await start();
  const controller = new AbortController();
  const call = outcome(tools.call("wait", {}, { signal: controller.signal }));
  await reached();
  controller.abort();
  expect(await call).toMatchObject({ code: "cancelled" });
  await seen(tools, "wait: cancelled");
});

test("a tool's own time limit ends its call, and tells the tool", async () => {
  const tools = await start();
  await expect(tools.call("waitShortly")).rejects.toMatchObject({
    code: "timeout",
    message: "waitShortly has given nothing within its time limit (30 ms)",
  });
  await seen(tools, "waitShortly: timeout");
});

test("the plugin's time limit holds where it is less than the tool's", async () => {
  const tools = await start({ timeoutMs: 5 });
  await expect(tools.call("waitShortly")).rejects.toMatchObject({
    code: "timeout",
    message: expect.stringContaining("(5 ms)"),
  });
});

test("calls of a tool beyond its own limit wait for their turn, and others pass them", async () => {
  const tools = await start();
  const calls = [tools.call("alone"), tools.call("alone")];
  await reached();
  expect(await tools.call("goOn")).toBe(1);
  expect(await calls[0]).toBe("done");
  await reached();
  expect(await tools.call("goOn")).toBe(1);
  expect(await calls[1]).toBe("done");
});

test("calls beyond what may wait are refused", async () => {
  const tools = await start({ maxWaiting: 1 });
  const calls = [tools.call("alone"), tools.call("alone")];
  await reached();
  await expect(tools.call("alone")).rejects.toMatchObject({ code: "queue_full" });
  for (const call of calls) {
    await tools.call("goOn");
    await call;
    await reached();
  }
});

test("a call that waits for its turn and is given up leaves the line", async () => {
  const tools = await start({ maxWaiting: 1 });
  const first = tools.call("alone");
  const controller = new AbortController();
  const second = outcome(tools.call("alone", {}, { signal: controller.signal }));
  await reached();
  controller.abort();
  expect(await second).toMatchObject({ code: "cancelled" });
  await reached();
  const third = tools.call("alone");
  await reached();
  await tools.call("goOn");
  expect(await first).toBe("done");
  await reached();
  await tools.call("goOn");
  expect(await third).toBe("done");
});

test("a tool that never returns has no more calls than it may, and says so", async () => {
  const tools = await start();
  const calls = [outcome(tools.call("deaf")), outcome(tools.call("deaf"))];
  expect(await calls[0]).toMatchObject({ code: "timeout" });
  expect(await calls[1]).toMatchObject({ code: "queue_full", message: expect.stringContaining("1 calls of deaf") });
  await expect(tools.call("deaf")).rejects.toMatchObject({ code: "queue_full" });
  expect(await tools.call("add", { a: 1 })).toBe(2);
  expect(await reached()).toEqual({
    status: "degraded",
    detail: "calls that have not ended when they were told to: 1 of deaf",
  });
});

test("what a tool says on its way is heard, in its order", async () => {
  const tools = await start();
  const heard: unknown[] = [];
  expect(await tools.call("steps", {}, { onProgress: (data) => heard.push(data) })).toBe("done");
  expect(heard).toEqual([{ step: 1 }, { step: 2 }, { step: 3 }]);
});

test("a tool that needs approval does nothing before somebody has approved", async () => {
  const tools = await start();
  const asked = Promise.withResolvers<string>();
  const call = tools.call("erase", { what: "a" }, { onApproval: asked.resolve });
  const id = await asked.promise;
  expect(await tools.approvals()).toEqual([
    { id, tool: "erase", arguments: { what: "a" }, sinceMs: expect.any(Number) },
  ]);
  expect(await tools.call("ended")).not.toContain("erased a");
  expect(await tools.decide({ id, isApproved: true })).toBe(true);
  expect(await call).toEqual({ erased: "a" });
  expect(await tools.decide({ id, isApproved: true })).toBe(false);
});

test("a call that waits for approval is published, so that a person can be asked", async () => {
  const tools = await start();
  const asked = await system().subscribe("plugin.workshop.approval");
  const call = outcome(tools.call("erase", { what: "b" }));
  const { message } = (await asked.next()).value as Envelope;
  const { id, ...rest } = message as { readonly id: string };
  expect(rest).toEqual({ tool: "erase", arguments: { what: "b" }, sinceMs: expect.any(Number) });
  await tools.decide({ id, isApproved: false, reason: "not today" });
  expect(await call).toMatchObject({ code: "tool_denied", message: "erase: the call was denied: not today" });
  expect(await tools.call("ended")).not.toContain("erased b");
});

test("nobody's word is a denial", async () => {
  const tools = await start({ approvalTimeoutMs: 20 });
  await expect(tools.call("erase", { what: "c" })).rejects.toMatchObject({
    code: "tool_denied",
    message: "erase: nobody has approved of the call within approvalTimeoutMs (20)",
  });
  expect(await tools.approvals()).toEqual([]);
});

test("arguments are checked before anybody is asked", async () => {
  const tools = await start();
  await expect(tools.call("erase", { what: 1 })).rejects.toMatchObject({ code: "tool_arguments" });
});

test("what a tool may not do at all is refused before anybody is asked", async () => {
  const tools = await start();
  await expect(tools.call("erase", { what: "everything" })).rejects.toMatchObject({
    code: "tool_denied",
    message: "everything is too much",
  });
  expect(await tools.call("ended")).not.toContain("erased everything");
});

test("one that is given up waits for approval no longer", async () => {
  const tools = await start();
  const controller = new AbortController();
  const call = outcome(tools.call("erase", { what: "d" }, { signal: controller.signal }));
  await reached();
  expect((await tools.approvals()).length).toBe(1);
  controller.abort();
  await call;
  await reached();
  expect(await tools.approvals()).toEqual([]);
});

test("two tools of one name are no plugin", () => {
  const twice = defineTool({ name: "twice", input: { type: "object" }, run: () => 1 });
  expect(() => defineTools({ name: "doubled", version: "1.0.0", tools: [twice, twice] })).toThrow(
    "two tools are called twice: a tool's name is its own",
  );
});

test("tools of one name in two plugins are no box, and both are named", async () => {
  await start();
  running.push(await system().startPlugins([{ plugin: annex }]));
  await expect(toolboxOf(system(), ["workshop", "annex"]).specs()).rejects.toMatchObject({
    code: "tool_ambiguous",
    message: "workshop and annex both have a tool shout: leave out one of them",
  });
});

test.each([
  ["a text as it is", "shout", '{"text":"a"}', { content: "A" }],
  ["other JSON as JSON", "add", '{"a":1}', { content: "2" }],
  [
    "a failure with its code",
    "shout",
    "{",
    { content: expect.stringMatching(/^tool_arguments: shout: /), isError: true },
  ],
  [
    "a tool that is not there",
    "no",
    "",
    { content: expect.stringMatching(/^tool_unknown: there is no tool "no"/), isError: true },
  ],
])("a model is told %s", async (_what, name, given, message) => {
  await start();
  expect(await toolboxOf(system(), ["workshop"]).answer({ id: "7", name, arguments: given })).toEqual({
    role: "tool",
    toolCallId: "7",
    ...message,
  });
});

test("a plugin that ends fails the calls that it has", async () => {
  const tools = await start();
  const call = outcome(tools.call("wait"));
  await reached();
  system().exit(system().whereis("plugin.workshop") as Ref, "kill");
  expect(await call).toMatchObject({ code: "killed" });
});

test("a tool that is asked for as its plugin is shut down does not begin", async () => {
  const tools = await start();
  const [tree] = running.splice(0);
  const as = "begins behind the end";
  const call = outcome(tools.call("wait", { as }));
  const waiting = outcome(tools.call("erase", { what: "late" }));
  system().exit((tree as SupervisorHandle).ref, "shutdown");
  expect([await call, await waiting]).toMatchObject([{ name: "ToolError" }, { name: "ToolError" }]);
  await (tree as SupervisorHandle).exit;
  expect(await (await start()).call("ended")).not.toContain(`${as}: begun`);
});

test("a check that comes to its no later is waited for", async () => {
  const tools = await start();
  await expect(tools.call("guarded", { path: "/etc/passwd" })).rejects.toMatchObject({ code: "tool_denied" });
  expect(await tools.call("guarded", { path: "/tmp" })).toBe("/tmp");
  expect(await tools.call("ended")).not.toContain("guarded /etc/passwd");
});

test("a tool that says more behind the end of its call ends nothing", async () => {
  const tools = await start();
  const { ref } = (await system().plugins())[0] ?? {};
  expect(await tools.call("chatty")).toBe("begun");
  for (let call = 0; call < 20; call++) await tools.call("brief");
  await tools.call("hush");
  expect((await system().plugins())[0]?.ref).toEqual(ref);
});

test("what was asked with is what runs, whatever becomes of the caller's object in the same thread", async () => {
  // With checks it would be frozen.
  await using unchecked = await startSystem({ threads: 1, spare: false, checks: false });
  await unchecked.startPlugins([{ plugin: workshop, config: { approval: "all" } }]);
  const { thread } = unchecked.whereis("plugin.workshop") as Ref;
  const user = await unchecked.spawn(toolUser, undefined, { placement: { thread } });
  const given = ["workshop", "shout", { text: "a" }, { text: "b" }] as const;
  expect(await user.call("changing", given)).toBe("A");
});

test("the list says of each tool whether somebody has to approve, as it is configured", async () => {
  const flags = async (approval: ToolLimits["approval"]) => {
    const tools = await start({ approval });
    const infos = await tools.tools();
    const [tree] = running.splice(0);
    system().exit((tree as SupervisorHandle).ref, "shutdown");
    await (tree as SupervisorHandle).exit;
    return ["add", "erase"].map((name) => infos.find((info) => info.name === name)?.needsApproval);
  };
  expect([await flags("none"), await flags("flagged"), await flags("all")]).toEqual([
    [false, false],
    [false, true],
    [true, true],
  ]);
});

test("no more calls wait for approval than may", async () => {
  const tools = await start({ maxWaiting: 1 });
  const controller = new AbortController();
  const first = outcome(tools.call("erase", { what: "x" }, { signal: controller.signal }));
  await reached();
  await expect(tools.call("erase", { what: "y" })).rejects.toMatchObject({ code: "queue_full" });
  controller.abort();
  await first;
});

test("nobody's word counts for a call that was given up", async () => {
  const tools = await start();
  const controller = new AbortController();
  const asked = Promise.withResolvers<string>();
  const call = outcome(tools.call("erase", { what: "z" }, { signal: controller.signal, onApproval: asked.resolve }));
  const id = await asked.promise;
  controller.abort();
  expect(await call).toMatchObject({ code: "cancelled" });
  await reached();
  expect(await tools.decide({ id, isApproved: true })).toBe(false);
});

test("the check of what a tool gives is within its time, too", async () => {
  const tools = await start();
  await expect(tools.call("endlessly-checked")).rejects.toMatchObject({ code: "timeout" });
  await expect(tools.call("endlessly-checked")).rejects.toMatchObject({ code: "queue_full" });
});

test.each([
  ["a tool that is an object of a class has its methods", "count", {}, 1],
  ["what gives nothing gives null, also by its schema", "nothing", {}, null],
])("%s", async (_what, name, given, value) => {
  expect(await (await start()).call(name, given)).toEqual(value);
});

test.each([
  ["what an object has by its prototype is no argument", "constructed", /must have required property 'valueOf'/],
  ["a schema that stands in itself is no check", "recursive", /arguments cannot be checked/],
])("%s", async (_what, name, message) => {
  await expect((await start()).call(name)).rejects.toMatchObject({
    code: "tool_arguments",
    message: expect.stringMatching(message),
  });
});

test("a start that fails leaves nothing open", async () => {
  await expect(system().startPlugins([unopened])).rejects.toMatchObject({ code: "start_failed" });
  expect(await (await start()).call("ended")).toContain("closed");
});

test("a driver that cannot say what it has ends nothing", async () => {
  running.push(await system().startPlugins([shifting]));
  const tools = toolsOf(system(), "shifting");
  await expect(tools.tools()).rejects.toMatchObject({
    code: "bad_argument",
    message: "shifting cannot say its tools: of no use",
  });
  expect(await tools.call("look")).toBeGreaterThan(2);
});

test.each([
  ["progress", "steps", { onProgress: () => fail() }],
  ["approval", "erase", { onApproval: async () => await Promise.reject(new Error("mine")) }],
])(
  "what the caller's own function for %s throws gives the call up, and is no word of the tool's",
  async (_what, name, heard) => {
    await start();
    const given = name === "erase" ? { what: "q" } : {};
    await expect(toolsOf(system(), "workshop").call(name, given, heard)).rejects.toThrow("mine");
    const call = { id: "1", name, arguments: JSON.stringify(given) };
    await expect(toolboxOf(system(), ["workshop"]).answer(call, heard)).rejects.toThrow("mine");
    await reached();
    expect(await toolsOf(system(), "workshop").approvals()).toEqual([]);
  },
);

function fail(): never {
  throw new Error("mine");
}

test("wrong options are the caller's own fault, and no word to a model", async () => {
  await start();
  const answer = toolboxOf(system(), ["workshop"]).answer({ id: "1", name: "count", arguments: "" }, { timeoutMs: -1 });
  await expect(answer).rejects.toMatchObject({ name: "RuntimeError", code: "bad_argument" });
});

describePlacements("Tools", (place) => {
  test("an actor uses a tool from where it is", async () => {
    await start();
    const user = await place.spawn(system(), toolUser, undefined);
    expect(await user.call("use", ["workshop", "shout", { text: "from here" }])).toBe("FROM HERE");
    expect(await user.call("answer", [["workshop"], { id: "1", name: "add", arguments: '{"a":1}' }])).toEqual({
      role: "tool",
      toolCallId: "1",
      content: "2",
    });
  });

  test("a tool's call ends with the actor that has made it", async () => {
    const tools = await start();
    const user = await place.spawn(system(), toolUser, undefined);
    const as = `waits ${place.name}`;
    const call = outcome(user.call("use", ["workshop", "wait", { as }]));
    await seen(tools, `${as}: begun`);
    system().exit(user, "kill");
    expect(await call).toMatchObject({ code: "killed" });
    await seen(tools, `${as}: cancelled`);
  });
});

/** As long as the suite's time limit lets it: what crosses threads comes when it comes. */
async function seen(tools: ToolsClient, what: string): Promise<void> {
  while (!((await tools.call("ended")) as string[]).includes(what));
}
