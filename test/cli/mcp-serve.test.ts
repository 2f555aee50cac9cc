/** `mofa mcp-serve` beside a program, spoken to by the official client of MCP. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "@jest/globals";
import { Client, type ClientOptions } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { servedTools } from "../../cli/attach/served-tools.ts";
import { mofaEntry, useMofaPrograms } from "../support/mofa-programs.ts";

const programs = useMofaPrograms({
  "shop.ts": `
    import { defineTool, defineTools } from "mofa";
    const none = { type: "object", properties: {} };
    export const shop = defineTools({
      name: "shop",
      version: "1.0.0",
      tools: [
        defineTool({
          name: "greet",
          description: "Greets somebody.",
          input: { type: "object", properties: { who: { type: "string" } }, required: ["who"] },
          isReadOnly: true,
          run: ({ who }) => "hello, " + who,
        }),
        defineTool({
          name: "count",
          input: none,
          output: { type: "object", properties: { apples: { type: "number" } } },
          run: () => ({ apples: 5 }),
        }),
        defineTool({ name: "erase", input: none, needsApproval: true, run: () => "erased" }),
        defineTool({ name: "hang", input: none, run: (_input, call) => new Promise((_resolve, reject) => {
          console.log("hangs");
          void call.progress({ half: true });
          const { signal } = call;
          signal.addEventListener("abort", () => { console.log("let go"); reject(signal.reason); });
        }) }),
      ],
    });
    export const annex = defineTools({
      name: "annex",
      version: "1.0.0",
      tools: [defineTool({ name: "greet", input: none, run: () => "from the annex" })],
    });
    export async function main(system, args) {
      await system.startPlugins(args.includes("annex") ? [shop, annex] : [shop]);
      console.log("up");
      if (args.includes("later")) {
        process.once("SIGUSR2", () => void system.startPlugins([annex]));
      }
      await new Promise(() => {});
    }`,
});

const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

interface Served {
  readonly client: Client;
  /** What it has said on stderr. */
  readonly said: () => string;
}

async function serve(args: readonly string[] = [], options: ClientOptions = {}): Promise<Served> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [mofaEntry, "mcp-serve", ...args],
    env: { XDG_RUNTIME_DIR: programs.runtime },
    stderr: "pipe",
  });
  let said = "";
  transport.stderr?.on("data", (text) => {
    said += String(text);
  });
  const client = new Client({ name: "test", version: "1.0.0" }, options);
  clients.push(client);
  await client.connect(transport);
  return { client, said: () => said };
}

/** What a program says, until it has said that. */
function hearing(): { readonly heard: (text: string) => void; until(word: string): Promise<void> } {
  let all = "";
  let waiting: { readonly word: string; readonly resolve: () => void } | undefined;
  return {
    heard(text) {
      all += text;
      if (waiting !== undefined && all.includes(waiting.word)) waiting.resolve();
    },
    async until(word) {
      if (all.includes(word)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting = { word, resolve };
      await promise;
    },
  };
}

const names = async ({ client }: Served) => (await client.listTools()).tools.map(({ name }) => name);

test("the program's tools are listed with their schemas, and with what they say of themselves", async () => {
  await programs.start("shop.ts");
  const { client } = await serve();
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(["greet", "count", "erase", "hang"]);
  expect(tools[0]).toMatchObject({
    description: "Greets somebody.",
    inputSchema: { type: "object", required: ["who"] },
    annotations: { readOnlyHint: true, destructiveHint: false },
  });
  expect(tools[2]?.annotations).toEqual({ readOnlyHint: false, destructiveHint: true });
});

test("a tool is called: a text is text, an object is structured content, too", async () => {
  await programs.start("shop.ts");
  const { client } = await serve();
  expect(await client.callTool({ name: "greet", arguments: { who: "you" } })).toEqual({
    content: [{ type: "text", text: "hello, you" }],
  });
  await client.listTools(); // then its client checks what it gets by the schema
  expect(await client.callTool({ name: "count" })).toEqual({
    content: [{ type: "text", text: '{"apples":5}' }],
    structuredContent: { apples: 5 },
  });
});

test("progress is passed on", async () => {
  await programs.start("shop.ts");
  const { client } = await serve();
  const told = Promise.withResolvers<unknown>();
  const controller = new AbortController();
  const call = client.callTool({ name: "hang" }, { onprogress: told.resolve, signal: controller.signal });
  expect(await told.promise).toEqual({ progress: 1, message: '{"half":true}' });
  controller.abort();
  await expect(call).rejects.toThrow();
});

test("a failure is an answer that says so", async () => {
  await programs.start("shop.ts");
  const { client } = await serve();
  expect(await client.callTool({ name: "greet", arguments: { who: 7 } })).toMatchObject({
    isError: true,
    content: [{ text: "tool_arguments: greet: arguments/who must be string" }],
  });
});

test("a tool that is not there is a failure of the protocol", async () => {
  await programs.start("shop.ts");
  const { client } = await serve();
  await expect(client.callTool({ name: "nothing" })).rejects.toMatchObject({
    code: -32_602,
    message: expect.stringContaining("there is no tool nothing (there are: greet, count, erase, hang)"),
  });
});

test("a call that the host gives up is given up in the program", async () => {
  const { heard, until } = hearing();
  await programs.start("shop.ts", [], undefined, heard);
  const { client } = await serve();
  const controller = new AbortController();
  const call = client.callTool({ name: "hang" }, { signal: controller.signal }).catch(() => "given up");
  await until("hangs");
  controller.abort();
  expect(await call).toBe("given up");
  await until("let go");
});

test("with the end of stdin it ends, and calls that are under way are given up", async () => {
  const { heard, until } = hearing();
  await programs.start("shop.ts", [], undefined, heard);
  const { client } = await serve();
  const call = client.callTool({ name: "hang" }).catch(() => "closed");
  await until("hangs");
  await client.close();
  expect(await call).toBe("closed");
  await until("let go");
});

test("a call that needs approval says how that is given, and waits for it", async () => {
  await programs.start("shop.ts");
  const { client, said } = await serve();
  const asked = Promise.withResolvers<string>();
  const call = client.callTool({ name: "erase" }, { onprogress: ({ message = "" }) => asked.resolve(message) });
  const word = await asked.promise;
  expect(word).toMatch(/^erase waits for approval: mofa approve [0-9a-f-]{36}$/);
  expect(said()).toBe(`mofa mcp-serve: ${word}\n`);
  expect(await programs.mofa("approve", word.split(" ").at(-1) as string)).toMatchObject({ code: 0 });
  expect(await call).toEqual({ content: [{ type: "text", text: "erased" }] });
});

test("with --approve the host is trusted to have asked", async () => {
  await programs.start("shop.ts");
  const { client } = await serve(["--approve"]);
  expect(await client.callTool({ name: "erase" })).toEqual({ content: [{ type: "text", text: "erased" }] });
});

test("tools of one name in two plugins are called by their plugins, too", async () => {
  await programs.start("shop.ts", ["annex"]);
  const served = await serve();
  expect(await names(served)).toEqual(["count", "erase", "hang", "shop_greet", "annex_greet"]);
  expect(await served.client.callTool({ name: "annex_greet" })).toMatchObject({
    content: [{ text: "from the annex" }],
  });
});

test("--tools takes those of some plugins alone", async () => {
  await programs.start("shop.ts", ["annex"]);
  expect(await names(await serve(["--tools", "annex"]))).toEqual(["greet"]);
});

test("a plugin that is named and not there is refused", async () => {
  await programs.start("shop.ts");
  expect(await programs.mofa("mcp-serve", "--tools", "none")).toEqual({
    code: 1,
    stdout: "",
    stderr: "mofa: --tools: no plugin none with tools runs: there are shop (bad_argument)\n",
  });
});

test("the host is told when a plugin comes", async () => {
  const pid = await programs.start("shop.ts", ["later"]);
  const changed = Promise.withResolvers<unknown>();
  const served = await serve([], {
    listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: changed.resolve } },
  });
  await served.client.listTools();
  process.kill(pid, "SIGUSR2");
  await changed.promise;
  expect(await names(served)).toContain("annex_greet");
});

test("a host of the newer protocol is spoken to by it", async () => {
  await programs.start("shop.ts");
  const { client } = await serve([], { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  expect(client.getNegotiatedProtocolVersion()).toBe("2026-07-28");
  expect(await client.callTool({ name: "greet", arguments: { who: "you" } })).toMatchObject({
    content: [{ text: "hello, you" }],
  });
});

/** With stdin held open. */
function start() {
  const child = spawn(process.execPath, [mofaEntry, "mcp-serve"], {
    env: programs.environment,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => {
    out += String(text);
  });
  child.stderr.on("data", (text) => {
    err += String(text);
  });
  return { child, out: () => out, err: () => err, ended: once(child, "close") };
}

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } },
});

test("by Ctrl-C it ends with 130, and stdout has had the protocol alone", async () => {
  await programs.start("shop.ts");
  const { child, out, ended } = start();
  child.stdin.write(`no JSON\n${initialize}\n`);
  await once(child.stdout, "data");
  child.kill("SIGINT");
  expect((await ended)[0]).toBe(130);
  expect(
    out()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ jsonrpc: "2.0", id: 1 }]);
});

test("with the program's end it ends with 1, and says why", async () => {
  await programs.start("shop.ts");
  const { child, err, ended } = start();
  child.stdin.write(`${initialize}\n`);
  await once(child.stdout, "data");
  await programs.endAll();
  expect((await ended)[0]).toBe(1);
  expect(err()).toBe("mofa mcp-serve: the program has ended\n");
});

test("without a program it says so", async () => {
  expect(await programs.mofa("mcp-serve")).toMatchObject({ code: 3, stdout: "" });
});

test("names that several have and that would be too long, or another tool's, are left out with a word", () => {
  const info = (name: string) => ({ name, inputSchema: { type: "object" }, needsApproval: false, isReadOnly: false });
  const of = (plugin: string, ...tools: string[]) => ({
    plugin,
    state: "running" as const,
    health: { status: "up" as const },
    packages: [],
    tools: tools.map(info),
  });
  const long = "n".repeat(60);
  const { tools, left } = servedTools({ tools: [of("a", "x", long), of("bcdef", "x", long, "a_x")] });
  expect(tools.map(({ name, plugin }) => [name, plugin])).toEqual([
    ["a_x", "bcdef"],
    [`a_${long}`, "a"],
    ["bcdef_x", "bcdef"],
  ]);
  expect(left).toEqual([
    "x of a: several have that name, and a_x is another tool",
    `${long} of bcdef: several have that name, and bcdef_${long} is too long`,
  ]);
});
