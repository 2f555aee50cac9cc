/** What a server was given in confidence is told by it, in all ways, and stands in nothing that is told of it. */
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { errorData } from "../../../core/index.ts";
import { type RuntimeEvent, type SupervisorHandle, type ToolsClient, toolsOf } from "../../../index.ts";
import { Secrets } from "../../../plugins/tool-mcp/secrets.ts";
import { hostile } from "../../fixtures/mcp-plugins.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });
const running: SupervisorHandle[] = [];
const server = fileURLToPath(new URL("../../fixtures/programs/mcp-telling.js", import.meta.url));
const token = "sesame-open-the-door";

async function start(): Promise<ToolsClient> {
  const config = { command: process.execPath, args: [server], env: { TOKEN: token } };
  running.push(await system().startPlugins([{ plugin: hostile, config }]));
  return toolsOf(system(), "tool-hostile");
}

afterEach(async () => {
  for (const { ref, exit } of running.splice(0)) {
    system().exit(ref, "shutdown");
    await exit;
  }
});

/** All that is told while `work` goes on, as text. */
async function told(work: () => Promise<unknown>): Promise<string> {
  const all: RuntimeEvent[] = [];
  const stop = system().events.on("log", (event) => all.push(event));
  const outcome = await work().catch((error: unknown) => errorData(error));
  stop();
  return JSON.stringify([all, outcome]);
}

test.each([
  ["as a failed result", "xxx\\*\\*\\* and more"],
  ["as no content", "the server's content is no list"],
  ["as an error", "xxx\\*\\*\\* and more"],
  ["as progress", "xxx\\*\\*\\*"],
  ["as garbage", "xxx\\*\\*\\*"],
  ["as a long line of stderr", "xxx\\*\\*\\* \\.\\.\\."],
  ["as last words", "its last words were:"],
  ["as tools that are none", "the server's tools are no list"],
])("a secret told %s is not told on, also not in part", async (way, shown) => {
  const tools = await start();
  const text = await told(async () => {
    const progress: unknown[] = [];
    const end = new AbortController();
    const seen = system().events.on("log", ({ message }) => {
      if (message.includes("tools are those")) end.abort();
    });
    try {
      await tools.call("tell", { text: way }, { onProgress: (data) => progress.push(data) });
      if (way === "as tools that are none" && !end.signal.aborted)
        await new Promise((resolve) => end.signal.addEventListener("abort", resolve, { once: true }));
    } finally {
      seen();
    }
    return progress;
  });
  expect(text).toMatch(new RegExp(shown));
  expect(text).not.toContain("sesame");
});

test("descriptions, defaults and the server's own name tell no secret, and tools that are left out neither", async () => {
  let tools: ToolsClient | undefined;
  const text = await told(async () => {
    tools = await start();
    return [await tools.tools(), await system().plugins()];
  });
  expect(text).toContain("knows ***");
  expect(text).toContain("tools are left out");
  expect(text).not.toContain("sesame");
});

test("the result of a call that succeeds is the server's own", async () => {
  expect(await (await start()).call("tell", { text: "as it is" })).toBe(token);
});

const given = {
  env: {
    KEY: "first line\nsecond line",
    DATABASE: "postgres://me:pass%40word@host/db",
    SHORT: "abc",
    QUOTE: 'say "so"',
  },
  headers: {
    Authorization: `Basic ${Buffer.from("me:my password").toString("base64")}`,
    Cookie: "session=cookie-id; a=b",
  },
};

test.each([
  ["only the second line", "only the ***"],
  ["refused: pass@word", "refused: ***"],
  ["refused: pass%40word", "refused: ***"],
  ["my password is wrong", "*** is wrong"],
  ["no session cookie-id", "no session ***"],
  ['{"a":"say \\"so\\""}', '{"a":"***"}'],
  ["?q=say%20%22so%22", "?q=***"],
  ["abc", "abc"],
])("of %j is told %j", (text, hidden) => {
  expect(new Secrets(given).hide(text)).toBe(hidden);
});

test("secrets that overlap are hidden both", () => {
  const secrets = new Secrets({ env: { A: "abcdef", B: "defghi" }, headers: {} });
  expect(secrets.hide("<abcdefghi>abcdef")).toBe("<***>***");
  expect(secrets.hideCut("<abcdefgh")).toBe("<***");
});

test("an error is told with its causes, and neither what they carry beside nor a parser's quotes", () => {
  const secrets = new Secrets({ env: { TOKEN: token }, headers: {} });
  const parser = new SyntaxError(`Unexpected token 's', "sesame-ope"... is not valid JSON`);
  const cause = Object.assign(new Error(`probe: ${parser.message}`, { cause: parser }), { data: { token } });
  const text = JSON.stringify(errorData(secrets.failure("tool_failed", secrets.wordsOf(cause), cause)));
  expect(text).toContain("probe: what is no JSON");
  expect(text).not.toContain("sesame");
});
