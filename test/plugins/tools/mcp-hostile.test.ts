/** Servers that crash, flood, lie and say nothing: each costs its own calls, and nobody else's. */

import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { byDeadline } from "../../../core/index.ts";
import { type RuntimeEvent, type SupervisorHandle, type ToolsClient, toolsOf } from "../../../index.ts";
import { hostile } from "../../fixtures/mcp-plugins.ts";
import { annex } from "../../fixtures/tools.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });
const running: SupervisorHandle[] = [];
const server = fileURLToPath(new URL("../../fixtures/programs/mcp-hostile.js", import.meta.url));

async function start(way: string, config: object = {}): Promise<ToolsClient> {
  const given = { command: process.execPath, args: [server, way], ...config };
  // A neighbour in the same list.
  running.push(await system().startPlugins([annex, { plugin: hostile, config: given }]));
  return toolsOf(system(), "tool-hostile");
}

afterEach(async () => {
  for (const { ref, exit } of running.splice(0)) {
    system().exit(ref, "shutdown");
    await exit;
  }
});

const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

/** The neighbour is as it was. */
const expectNeighbour = async () => expect(await toolsOf(system(), "annex").call("shout")).toBe("from the annex");

/** Bytes that the whole process has grown by at most, looked at while `work` goes on. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  let stop = () => {};
  const look = () => {
    most = Math.max(most, process.memoryUsage.rss());
    stop = byDeadline(20, look);
  };
  look();
  try {
    await work();
  } finally {
    stop();
  }
  return Math.max(most, process.memoryUsage.rss()) - before;
}

/** Warnings of plugins until it is called. */
function warnings(): () => readonly string[] {
  const all: string[] = [];
  const stop = system().events.on("log", ({ level, message }) => {
    if (level === "warning") all.push(message);
  });
  return () => {
    stop();
    return all;
  };
}

test.each([
  ["silent", {}, "timeout", "the server has not said who it is and which tools it has within connectTimeoutMs (500)"],
  [
    "ended",
    {},
    "tool_failed",
    "the server has ended with exit code 7\nits last words were:\nthe database is not there",
  ],
  ["version", {}, "tool_failed", "Server's protocol version is not supported: 1999-01-01"],
  ["no list", {}, "tool_failed", 'the server\'s tools are no list, but "none"'],
  [
    "millions",
    {},
    "tool_limit",
    "the server has answered by a message of 50888935 bytes, and maxMessageBytes is 4194304",
  ],
  ["pages", {}, "tool_limit", "the server has more than 1000 tools (maxTools)"],
  ["large pages", {}, "tool_limit", "the server's list of tools has more than 4 messages may have"],
  ["empty pages", {}, "tool_limit", "the server's list of tools has more than 1000 pages"],
  [
    "large schema",
    {},
    "tool_limit",
    "the server has answered by a message of 104857694 bytes, and maxMessageBytes is 4194304",
  ],
  ["deep schema", {}, "tool_limit", "the server has answered by a message that is nested deeper than 100 levels"],
])("a server whose way is %j is a failed start that says so", async (way, config, code, message) => {
  const patient = { connectTimeoutMs: way === "silent" ? 500 : 9_000, messagesPerSecond: 100_000 };
  const error = (await outcome(start(way, { ...patient, ...config }))) as Error;
  expect({ code, text: error.message }).toEqual({ code, text: expect.stringContaining(message) });
});

test("a program that is not there is a failed start that names it", async () => {
  await expect(start("", { command: "/nowhere/to/be/found" })).rejects.toMatchObject({
    message: expect.stringContaining(
      "the server /nowhere/to/be/found does not start: spawn /nowhere/to/be/found ENOENT",
    ),
  });
});

test("tools that cannot be tools are left out with a word, and of two with one name the first stays", async () => {
  const told = warnings();
  const tools = await start("names");
  const infos = await tools.tools();
  expect(infos.map(({ name }) => name)).toEqual(["good", "twice", "__proto__", "constructor"]);
  expect(infos[1]?.description).toBe("the first");
  const word = told().find((text) => text.startsWith("tools are left out"));
  for (const what of ['"a b"', '""', "7", '"twice"', '"noSchema"', '"ofNumber"', '"large"', "null", '"a text"'])
    expect(word).toContain(what);
});

test("patterns of a server's schemas are not run here", async () => {
  const tools = await start("patterns");
  expect(await tools.call("good", { text: `${"a".repeat(60)}!` })).toBe("done");
});

test("garbage between its messages is counted and told, and nothing else", async () => {
  const told = warnings();
  const tools = await start("garbage");
  expect(await tools.call("good")).toBe("done");
  expect(told()).toEqual(
    expect.arrayContaining([
      "the server has written what is no JSON to its stdout",
      "the server has written what is no message to its stdout",
      "the server has written what is no message of JSON-RPC 2.0 to its stdout",
      "the server has written a message whose id is none to its stdout",
    ]),
  );
});

test.each([
  ["gigabyte", 1_073_741_824],
  ["gigabyte, id last", 67_108_864],
])("an answer of %s is refused, and never held", async (way, bytes) => {
  const tools = await start(way, { messagesPerSecond: 1_000_000 });
  let error: unknown;
  const grown = await growth(async () => {
    error = await outcome(tools.call("good"));
  });
  expect(error).toMatchObject({ code: "tool_limit", message: expect.stringContaining("maxMessageBytes is 4194304") });
  expect(Number(/(\d+) bytes/.exec((error as Error).message)?.[1])).toBeGreaterThan(bytes);
  expect(grown).toBeLessThan(150 * 2 ** 20);
  await expectNeighbour();
});

test.each(["flood", "no end of a line"])(
  "a server that goes on and on (%s) is held back, and costs its call alone",
  async (way) => {
    const tools = await start(way, { timeoutMs: 1_500 });
    let error: unknown;
    const cpu = process.cpuUsage();
    const grown = await growth(async () => {
      error = await outcome(tools.call("good"));
    });
    expect(error).toMatchObject({ code: "timeout" });
    expect(grown).toBeLessThan(100 * 2 ** 20);
    // Held by its pipe for most of the time: this process does not work for it.
    expect(process.cpuUsage(cpu).user).toBeLessThan(1_200_000);
    await expectNeighbour();
  },
);

test("what a server says on stderr without an end is held back, too, and told in part", async () => {
  const told: Extract<RuntimeEvent, { readonly type: "log" }>[] = [];
  const stop = system().events.on("log", (event) => told.push(event));
  const tools = await start("stderr");
  expect(await tools.call("good")).toBe("done");
  expect(await tools.call("good")).toBe("done");
  stop();
  expect(told.filter(({ message }) => message === "the server says: what is going on?").length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(200);
});

test("a server that answers one call with the other's answer has mixed up its own calls, and no others", async () => {
  const tools = await start("swap");
  expect(await Promise.all(["a", "b"].map((text) => tools.call("good", { text })))).toEqual(["for b", "for a"]);
  await expectNeighbour();
});

test("answers to what nobody has asked are told, and nobody gets them", async () => {
  const told = warnings();
  const tools = await start("foreign ids");
  expect(await tools.call("good")).toBe("mine");
  expect(told()).toContain("the server is not understood");
});

test("of two answers to one call the first holds", async () => {
  const tools = await start("twice");
  expect(await tools.call("good")).toBe("first");
  expect(await tools.call("good")).toBe("first");
});

test("an answer after the call was given up reaches nobody", async () => {
  const tools = await start("late");
  const controller = new AbortController();
  const call = outcome(tools.call("good", { text: "late" }, { signal: controller.signal }));
  // It has reached the server when one behind it is answered.
  expect(await tools.call("good")).toContain("tools/call, tools/call");
  controller.abort();
  expect(await call).toMatchObject({ code: "cancelled" });
  expect(await tools.call("good")).toContain("notifications/cancelled");
});

test.each([
  ["deep answer", "tool_limit", "the server has answered by a message that is nested deeper than 100 levels"],
  ["no answers", "tool_limit", "the server has answered by a message that is neither a request nor an answer"],
  ["no content", "tool_result", 'the server\'s content is no list, but "text"'],
  ["other names", "tool_arguments", "the server refuses it: Unknown tool: good"],
])("an answer that is none (%s) fails its call", async (way, code, message) => {
  const tools = await start(way);
  expect(await outcome(tools.call("good"))).toMatchObject({ code, message: expect.stringContaining(message) });
  await expectNeighbour();
});

test("blocks of content that are none are given as they are", async () => {
  const tools = await start("odd content");
  expect(await tools.call("good")).toEqual({ content: [null, 7, { type: "text" }, { type: "text", text: 7 }] });
});

test("a failure's words are not without an end", async () => {
  const tools = await start("failing");
  const error = (await outcome(tools.call("good"))) as Error;
  expect(error).toMatchObject({ code: "tool_failed" });
  expect(error.message.length).toBeLessThan(10_000);
});

test("a flood of progress reaches its reader as it can read, and the answer behind it", async () => {
  const tools = await start("progress", { messagesPerSecond: 100_000 });
  let told = 0;
  expect(await tools.call("good", {}, { onProgress: () => told++ })).toBe("done");
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThanOrEqual(1_000);
});

test("what a server asks for is refused, but for a ping", async () => {
  const tools = await start("asking");
  expect(await tools.call("good")).toBe(
    "elicitation/create: error, ping: result, roots/list: error, sampling/createMessage: error",
  );
});

test("a server that says without an end that its tools are others is asked now and then", async () => {
  const tools = await start("changes");
  expect(await tools.call("good", {}, { timeoutMs: 20_000 })).toBe("done");
  await expectNeighbour();
});

test("what a server does not read is not kept for it", async () => {
  const tools = await start("unread", { maxMessageBytes: 100_000, maxConcurrent: 1_000 });
  const text = "x".repeat(90_000);
  const calls = Array.from({ length: 50 }, () => outcome(tools.call("good", { text }, { timeoutMs: 2_000 })));
  const codes = (await Promise.all(calls)) as { readonly code: string; readonly message: string }[];
  const refused = codes.filter(({ message }) => message === "the server does not read what it is sent");
  expect(refused.length).toBeGreaterThan(40);
});

test("arguments that are larger than a message are refused before they are sent", async () => {
  const tools = await start("", { maxMessageBytes: 10_000 });
  await expect(tools.call("good", { text: "x".repeat(10_000) })).rejects.toMatchObject({
    code: "tool_limit",
    message: expect.stringContaining("maxMessageBytes is 10000"),
  });
  expect(await tools.call("good", { text: "x" })).toBe("done");
});

test("a server that will not end is ended", async () => {
  await start("stubborn");
  const { ref, exit } = running.pop() as SupervisorHandle;
  system().exit(ref, "shutdown");
  expect(await exit).toBe("shutdown");
});
