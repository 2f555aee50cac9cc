/** Tools of a server on streamable HTTP, in a process of its own: by the official package, and some that break its rules. */
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { errorData } from "../../../core/index.ts";
import { type SupervisorHandle, type ToolsClient, toolsOf } from "../../../index.ts";
import { everything } from "../../fixtures/mcp-plugins.ts";
import { McpHttpServer } from "../../support/mcp-http.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });
const server = new McpHttpServer();
const running: SupervisorHandle[] = [];

beforeAll(async () => await server.start());
afterAll(async () => await server.end());
afterEach(async () => {
  for (const { ref, exit } of running.splice(0)) {
    system().exit(ref, "shutdown");
    await exit;
  }
});

async function start(path = "/mcp", config: object = {}): Promise<ToolsClient> {
  running.push(await system().startPlugins([{ plugin: everything, config: { url: server.url + path, ...config } }]));
  return toolsOf(system(), "tool-mcp");
}

const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

async function seen(tools: ToolsClient, word: string): Promise<void> {
  while (!String(await tools.call("seen")).includes(word));
}

test("its tools are listed and called", async () => {
  const tools = await start();
  expect((await tools.tools()).map(({ name }) => name)).toEqual(expect.arrayContaining(["echo", "read_resource"]));
  expect(await tools.call("echo", { text: "hello" })).toBe("hello");
});

test("its progress is the call's", async () => {
  const tools = await start();
  const told: unknown[] = [];
  expect(await tools.call("steps", {}, { onProgress: (data) => told.push(data) })).toBe("done");
  expect(told).toEqual([{ progress: 1, total: 2, message: "half" }]);
});

test("a call that is given up is told to the server", async () => {
  const tools = await start();
  const controller = new AbortController();
  const call = outcome(tools.call("wait", {}, { signal: controller.signal }));
  await seen(tools, "wait: begun");
  controller.abort();
  expect(await call).toMatchObject({ code: "cancelled" });
  await seen(tools, "wait: cancelled");
});

test("what it says of its tools' changes is heard", async () => {
  const tools = await start();
  const told = await system().subscribe("plugin.tool-mcp.tools");
  // The stream on which it says so is opened after the start, by and by.
  await tools.call("rename");
  await told.next();
  expect((await tools.tools()).map(({ name }) => name)).toContain("new");
});

test("the headers of the configuration go with each request, and without them the server's refusal is told", async () => {
  const tools = await start("/guarded", { headers: { authorization: "Bearer key" } });
  expect(await tools.call("echo", { text: "hello" })).toBe("hello");
  const [handle] = running.splice(0);
  system().exit(handle?.ref as SupervisorHandle["ref"], "shutdown");
  await handle?.exit;
  await expect(start("/guarded")).rejects.toMatchObject({ message: expect.stringContaining("who are you?") });
});

test("nobody is followed elsewhere with the headers", async () => {
  const error = (await outcome(start("/moved", { headers: { authorization: "Bearer key" } }))) as Error;
  expect(error.message).toContain("the server answers 307, which sends to /elsewhere: set url to where it is");
  expect(error.message).not.toContain("Bearer");
  expect(await (await fetch(`${server.url}/asked`)).json()).toEqual([]);
});

test("a server that has forgotten the session fails the call, and gets a new one", async () => {
  const tools = await start("/mcp", { backoffMs: 1 });
  await fetch(`${server.url}/forget`);
  await expect(tools.call("echo", { text: "a" })).rejects.toMatchObject({
    code: "tool_failed",
    message: "the server does not know the session any more",
  });
  let answer: unknown;
  while (answer !== "again") answer = await tools.call("echo", { text: "again" }).catch(() => undefined);
});

test.each([
  ["dropped", "tool_failed", "the server has ended the stream of its answer before the answer"],
  ["ended", "tool_failed", "the server has ended the stream of its answer before the answer"],
  ["large", "tool_limit", "the server has answered by a message of more than 100000 bytes"],
  ["endless", "tool_failed", "the server has answered by a message of more than 100000 bytes"],
  ["page", "tool_failed", "Unexpected content type: text/html"],
  ["broken", "tool_failed", "Error POSTing to endpoint: xxx"],
])("an answer that is none (%s) fails its call", async (way, code, message) => {
  const tools = await start(`/${way}`, { maxMessageBytes: 100_000 });
  expect(await outcome(tools.call("good"))).toMatchObject({ code, message: expect.stringContaining(message) });
});

test.each([
  ["refusing", "Error POSTing to endpoint: *** (HTTP 500)"],
  ["sending", "the server answers 307, which sends to /***: set url to where it is"],
])("what a server says of its headers where it is %s is not told", async (way, message) => {
  const tools = await start(`/${way}`, { headers: { authorization: "Bearer sesame-open" } });
  const error = errorData(await outcome(tools.call("good")));
  expect(error).toMatchObject({ code: "tool_failed", message });
  expect(JSON.stringify([error, await system().plugins()])).not.toContain("sesame");
});

test("a server that is not there is a failed start that says so", async () => {
  const gone = new McpHttpServer();
  await gone.start();
  await gone.end();
  await expect(start("", { url: `${gone.url}/mcp` })).rejects.toMatchObject({
    message: expect.stringContaining("the server cannot be reached: connect ECONNREFUSED 127.0.0.1:"),
  });
});

test("a server that goes away is told by health, and fails calls", async () => {
  const other = new McpHttpServer();
  await other.start();
  const tools = await start("", { url: `${other.url}/mcp` });
  await other.end();
  await expect(tools.call("echo", { text: "a" })).rejects.toMatchObject({ code: "tool_failed" });
  expect((await system().plugins())[0]?.health).toMatchObject({ status: "down" });
});

test.each([
  [{ command: "node", url: "http://127.0.0.1:1/mcp" }, "either command or url says which server is meant"],
  [{ url: "" }, "either command or url says which server is meant"],
  [{ args: ["a"] }, "args, env and cwd are of a server with command, and url is given"],
  [{ url: "", command: "node", headers: { a: "b" } }, "headers are of a server with url, and command is given"],
])("keys that do not go together (%j) are refused", async (config, message) => {
  await expect(start("", { url: `${server.url}/mcp`, ...config })).rejects.toMatchObject({
    message: expect.stringContaining(message),
  });
});
