/** What users see of each key of what `mcpTools` makes. */
import { fileURLToPath } from "node:url";
import { stopwatchMs } from "../../../core/index.ts";
import { toolsOf } from "../../../index.ts";
import { mcpConfig } from "../../../plugins/tool-mcp/config.ts";
import { everything } from "../../fixtures/mcp-plugins.ts";
import { McpHttpServer } from "../../support/mcp-http.ts";
import { type Config, type KeyRun, type KeyTable, outcomeOf } from "./key-table.ts";
import { toolKeys } from "./tool-keys.ts";

const name = "tool-mcp";
const program = (file: string) => fileURLToPath(new URL(`../../fixtures/programs/${file}.js`, import.meta.url));
const server = program("mcp-everything");
const hostile = program("mcp-hostile");
const http = new McpHttpServer();
/** A server that is started again at once is there long before. */
const awayMs = 4_000;

/** The names of its tools, or why it has not started. */
const tools =
  (more = {}) =>
  async ({ start, call }: KeyRun) => {
    const started = await outcomeOf(start(more));
    if ("code" in started) return started.code;
    const listed = (await call("tools")) as { readonly value: readonly { readonly name: string }[] };
    return listed.value.map((tool) => tool.name);
  };

async function toolCall({ call }: KeyRun, tool: string, given = {}): Promise<unknown> {
  const outcome = await call("callTool", { name: tool, arguments: given });
  return "code" in outcome ? outcome.code : JSON.parse((outcome.value as { readonly json: string }).json);
}

async function environment(run: KeyRun) {
  await run.start();
  const { cwd, env } = JSON.parse((await toolCall(run, "environment")) as string);
  return { cwd, own: env.OWN ?? "none" };
}

/** Whether a server that has ended is there again within a while. */
const isBack = (more: Config) => async (run: KeyRun) => {
  await run.start(more);
  await toolCall(run, "end", { code: 1 });
  const untilMs = stopwatchMs() + awayMs;
  while (stopwatchMs() < untilMs) {
    if ((await toolCall(run, "echo", { text: "again" })) === "again") return true;
  }
  return false;
};

export const table: KeyTable = {
  plugin: everything,
  name,
  schema: mcpConfig,
  base: { command: process.execPath, args: [server] },
  prepare: () => http.start(),
  remove: () => http.end(),
  keys: {
    ...toolKeys({
      name,
      call: { tool: "echo", arguments: { text: "a" } },
      slow: { tool: "pause", timeoutMs: 50 },
    }),
    command: { changed: process.execPath, look: tools() },
    // Without them it is a program that reads from stdin what it should do.
    args: { changed: [hostile, "good"], look: tools({ connectTimeoutMs: 1_000 }) },
    env: { changed: { OWN: "1" }, look: environment },
    cwd: { changed: "/", look: environment },
    url: {
      changed: "http://127.0.0.1:1/mcp",
      async look(run) {
        const { config } = run;
        const { command: _command, args: _args, ...rest } = config;
        const started = await outcomeOf(run.startOther({ ...rest, url: rest["url"] || `${http.url}/mcp` }));
        return "code" in started ? started.code : "started";
      },
    },
    headers: {
      changed: { authorization: "Bearer key" },
      async look(run) {
        const { command: _command, args: _args, ...rest } = run.config;
        const started = await outcomeOf(run.startOther({ ...rest, url: `${http.url}/guarded` }));
        return "code" in started ? started.code : "started";
      },
    },
    protocol: {
      changed: "auto",
      async look(run) {
        await run.start({ args: [hostile, "late"] });
        return await toolCall(run, "good");
      },
    },
    offer: { changed: ["resources"], look: tools() },
    only: { changed: ["echo"], look: tools() },
    prefix: { changed: "everything_", look: tools() },
    connectTimeoutMs: { changed: 1, look: tools() },
    backoffMs: { changed: 600_000, look: isBack({ backoffMaxMs: 600_000 }) },
    backoffMaxMs: { changed: 1, look: isBack({ backoffMs: 600_000 }) },
    maxMessageBytes: { changed: 1_024, look: tools() },
    messagesPerSecond: {
      changed: 100,
      async look(run) {
        await run.start({ args: [hostile, "progress"], timeoutMs: 3_000 });
        const { system } = run;
        return await outcomeOf(toolsOf(system, name).call("good", {}, { onProgress: () => {} }));
      },
    },
    maxTools: { changed: 1, look: tools() },
    maxToolBytes: { changed: 50, look: tools() },
  },
};
