/** Tools of a server that the official package has made, in a process of its own. */

import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { type Envelope, type SupervisorHandle, type ToolsClient, toolboxOf, toolsOf } from "../../../index.ts";
import { everything } from "../../fixtures/mcp-plugins.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });
const running: SupervisorHandle[] = [];
const server = fileURLToPath(new URL("../../fixtures/programs/mcp-everything.js", import.meta.url));

async function start(config: object = {}, use: object = {}): Promise<ToolsClient> {
  const given = { command: process.execPath, args: [server], ...config };
  running.push(await system().startPlugins([{ plugin: everything, config: given, ...use }]));
  return toolsOf(system(), "tool-mcp");
}

afterEach(async () => {
  for (const { ref, exit } of running.splice(0)) {
    system().exit(ref, "shutdown");
    await exit;
  }
});

/** Until it holds, asked again and again. */
async function until<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    await system().plugins();
  }
}

const seen = async (tools: ToolsClient, what: string) =>
  await until(
    () => tools.call("seen") as Promise<string>,
    (text) => text.includes(what),
  );

const isThere = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("the server's tools are the plugin's, as it describes them", async () => {
  const infos = await (await start()).tools();
  expect(infos.find(({ name }) => name === "echo")).toEqual({
    name: "echo",
    description: "Says it again.",
    inputSchema: expect.objectContaining({ type: "object", required: ["text"] }),
    needsApproval: false,
    isReadOnly: true,
  });
});

test("a tool is called, and its text is what it gives", async () => {
  const tools = await start();
  expect(await tools.call("echo", { text: "hello" })).toBe("hello");
});

test("structured content is given beside the content", async () => {
  const tools = await start();
  expect(await tools.call("sum", { a: 2, b: 3 })).toEqual({
    content: [{ type: "text", text: "5" }],
    structuredContent: { sum: 5 },
  });
});

test("an image is given as data", async () => {
  const tools = await start();
  expect(await tools.call("picture")).toEqual({
    content: [
      { type: "text", text: "a picture" },
      { type: "image", data: "AAEC", mimeType: "image/png" },
    ],
  });
});

test("a tool that says that it has failed is tool_failed, with its words", async () => {
  const tools = await start();
  await expect(tools.call("fail")).rejects.toMatchObject({ code: "tool_failed", message: "of no use" });
});

test("arguments that the server does not take are told by its words", async () => {
  const tools = await start();
  await expect(tools.call("echo", { text: 7 })).rejects.toMatchObject({
    message: expect.stringContaining("Invalid arguments for tool echo"),
  });
});

test("arguments that are no object never reach the server", async () => {
  const tools = await start();
  await expect(tools.call("echo", "[1]")).rejects.toMatchObject({ code: "tool_arguments" });
});

test("a call that is given up is told to the server", async () => {
  const tools = await start();
  const controller = new AbortController();
  const call = tools.call("wait", {}, { signal: controller.signal }).catch((error: unknown) => error);
  await seen(tools, "wait: begun");
  controller.abort();
  expect(await call).toMatchObject({ code: "cancelled" });
  await seen(tools, "wait: cancelled");
});

test("what takes longer than timeoutMs is told to the server, too", async () => {
  const tools = await start({ timeoutMs: 300 });
  await expect(tools.call("wait")).rejects.toMatchObject({ code: "timeout" });
  await seen(tools, "wait: cancelled");
});

test("the server's progress is the call's", async () => {
  const tools = await start();
  const told: unknown[] = [];
  expect(await tools.call("steps", {}, { onProgress: (data) => told.push(data) })).toBe("done");
  expect(told).toEqual([{ progress: 1, total: 2, message: "half" }]);
});

test("a tool that says that it destroys waits for somebody's word", async () => {
  const tools = await start();
  const ids: string[] = [];
  const call = tools.call("erase", {}, { onApproval: (id) => void tools.decide({ id, isApproved: ids.push(id) > 0 }) });
  expect(await call).toBe("erased");
  expect(ids.length).toBe(1);
});

test("tools that the server renames are others for the next call, and everybody is told", async () => {
  const tools = await start();
  const told = await system().subscribe("plugin.tool-mcp.tools");
  await tools.call("rename");
  expect(((await told.next()).value as Envelope).message).toMatchObject({ added: ["new"], removed: ["old"] });
  await expect(tools.call("old")).rejects.toMatchObject({ code: "tool_unknown" });
  expect(await tools.call("new")).toBe("as before");
});

test("a resource is listed and read by tools", async () => {
  const tools = await start();
  expect(await tools.call("list_resources")).toMatchObject({ resources: [{ uri: "text://page" }] });
  expect(await tools.call("read_resource", { uri: "text://page" })).toBe("what stands there");
});

test("a prompt is listed and given by tools, where they are asked for", async () => {
  const tools = await start({ offer: ["prompts"] });
  expect((await tools.tools()).map(({ name }) => name)).toEqual(["list_prompts", "get_prompt"]);
  expect(await tools.call("list_prompts")).toMatchObject({ prompts: [{ name: "greet" }] });
  expect(await tools.call("get_prompt", { name: "greet", arguments: { name: "Ada" } })).toEqual({
    messages: [{ role: "user", content: { type: "text", text: "Greet Ada." } }],
  });
});

test("a server that ends fails the calls under way with how it has ended, and is started again", async () => {
  const tools = await start({ backoffMs: 1 });
  const { ref } = (await system().plugins())[0] ?? {};
  const call = tools.call("wait").catch((error: unknown) => error);
  await seen(tools, "wait: begun");
  await expect(tools.call("end", { code: 3 })).rejects.toMatchObject({
    code: "tool_failed",
    message: "the server has ended with exit code 3\nits last words were:\nlast words",
  });
  expect(await call).toMatchObject({ code: "tool_failed" });
  await until(
    () => tools.call("echo", { text: "again" }).catch(() => undefined),
    (answer) => answer === "again",
  );
  expect((await system().plugins())[0]?.ref).toEqual(ref);
});

test("between a server's end and its next start the plugin says that it is down, and a call fails at once", async () => {
  const tools = await start({ backoffMs: 600_000, backoffMaxMs: 600_000 });
  await expect(tools.call("end", { code: 3 })).rejects.toMatchObject({ code: "tool_failed" });
  const message = expect.stringContaining("it is started again 600000 ms after that");
  await expect(tools.call("echo", { text: "a" })).rejects.toMatchObject({ code: "tool_failed", message });
  expect((await system().plugins())[0]?.health).toEqual({ status: "down", detail: message });
});

test("the server has nothing of the program's environment but what every program needs", async () => {
  process.env["SECRET_OF_THE_PROGRAM"] = "secret";
  try {
    const tools = await start({ env: { OWN: "1" }, cwd: "/" });
    const { cwd, env } = JSON.parse((await tools.call("environment")) as string) as {
      readonly cwd: string;
      readonly env: Readonly<Record<string, string>>;
    };
    expect(cwd).toBe("/");
    expect(env).toMatchObject({ OWN: "1", PATH: process.env["PATH"] });
    const allowed = "HOME LANG LC_ALL LC_CTYPE LOGNAME OWN PATH SHELL TERM TMPDIR TZ USER".split(" ");
    expect(Object.keys(env).filter((name) => !allowed.includes(name))).toEqual([]);
  } finally {
    delete process.env["SECRET_OF_THE_PROGRAM"];
  }
});

test.each([
  ["shutdown", "shared"],
  ["kill", "shared"],
  // Then nobody is left who could end it, but its guard.
  ["kill", "process"],
] as const)("with the plugin's end (%s, %s) the server ends, and what it has started", async (reason, isolation) => {
  const tools = await start({}, { isolation });
  const pids = JSON.parse((await tools.call("child")) as string) as Record<"server" | "child", number>;
  expect([isThere(pids.server), isThere(pids.child)]).toEqual([true, true]);
  const { ref, exit } = running.pop() as SupervisorHandle;
  if (reason === "kill") {
    const [plugin] = await system().plugins();
    if (plugin?.ref !== undefined) system().exit(plugin.ref, "kill");
  }
  system().exit(ref, "shutdown");
  await exit;
  await until(
    async () => [isThere(pids.server), isThere(pids.child)],
    ([one, other]) => !one && !other,
  );
});

test("a secret that the server says stands in no log and in no error", async () => {
  const told: string[] = [];
  const stop = system().events.on("log", ({ message }) => told.push(message));
  const tools = await start({ env: { TOKEN: "sesame-open" } });
  await expect(tools.call("end", { code: 4, words: "TOKEN is sesame-open" })).rejects.toMatchObject({
    message: "the server has ended with exit code 4\nits last words were:\nTOKEN is ***",
  });
  stop();
  expect(told.join("\n")).toContain("TOKEN is ***");
  expect(told.join("\n")).not.toContain("sesame");
});

test("names may be chosen, and have a prefix", async () => {
  const tools = await start({ only: ["echo"], prefix: "x_", offer: ["tools"] });
  expect((await tools.tools()).map(({ name }) => name)).toEqual(["x_echo"]);
  expect(await tools.call("x_echo", { text: "a" })).toBe("a");
});

test("a model's box has them", async () => {
  await start({ only: ["echo"] });
  const box = toolboxOf(system(), ["tool-mcp"]);
  expect((await box.specs()).map(({ name }) => name)).toContain("echo");
  expect(await box.answer({ id: "1", name: "echo", arguments: '{"text":"hello"}' })).toMatchObject({
    content: "hello",
  });
});

test("a server of the newer protocol is spoken to by it", async () => {
  const tools = await start({ protocol: "auto" });
  expect(await tools.call("echo", { text: "hello" })).toBe("hello");
});
