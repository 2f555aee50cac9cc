/** `tool-http` as a plugin: who asks, who gives up, and what the environment says. Not in every placement: the contract's suite is. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { type SupervisorHandle, type ToolsClient, toolsOf } from "../../../index.ts";
import type { HttpConfig } from "../../../plugins/tool-http/config.ts";
import { toolHttp } from "../../../plugins/tool-http/index.ts";
import { certificate, privateKey } from "../../fixtures/pinned-certificate.ts";
import { Proxy } from "../../support/proxy.ts";
import { runProgram } from "../../support/run-program.ts";
import { useSystem } from "../../support/use-system.ts";
import { WebServer } from "../../support/web-server.ts";

const system = useSystem({ clock: "system" });
const running: SupervisorHandle[] = [];

const configOf = ({ port }: WebServer): Partial<HttpConfig> => ({
  hosts: ["127.0.0.1"],
  schemes: ["http"],
  ports: [port],
  allowAddresses: ["127.0.0.1"],
});

async function start(server: WebServer, more: Partial<HttpConfig> = {}): Promise<ToolsClient> {
  running.push(await system().startPlugins([{ plugin: toolHttp, config: { ...configOf(server), ...more } }]));
  return toolsOf(system(), "tool-http");
}

afterEach(async () => {
  for (const { ref, exit } of running.splice(0)) {
    system().exit(ref, "shutdown");
    await exit;
  }
});

async function kill(): Promise<void> {
  const [plugin] = await system().plugins();
  if (plugin?.ref === undefined) throw new Error("the plugin does not run");
  system().exit(plugin.ref, "kill");
}

const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const silent = () => WebServer.start(() => {});

test("who gives up has closed the connection", async () => {
  await using server = await silent();
  const tools = await start(server);
  const controller = new AbortController();
  const call = outcome(tools.call("fetch_url", { url: server.url }, { signal: controller.signal }));
  await server.whenConnected();
  controller.abort();
  expect(await call).toMatchObject({ code: "cancelled" });
  await server.whenLeft();
});

test("a server that drips is left when the time of the call is over", async () => {
  await using server = await WebServer.start((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    const drip = () => {
      if (!response.destroyed) response.write("a", () => setImmediate(drip));
    };
    drip();
  });
  const tools = await start(server, { timeoutMs: 100, maxBodyBytes: 2 ** 30, maxTransferBytes: 2 ** 30 });
  await expect(tools.call("fetch_url", { url: server.url })).rejects.toMatchObject({ code: "timeout" });
  await server.whenLeft();
});

test("a plugin that is killed leaves no connection", async () => {
  await using server = await silent();
  const tools = await start(server);
  const call = outcome(tools.call("fetch_url", { url: server.url }));
  await server.whenConnected();
  await kill();
  expect(await call).toMatchObject({ code: "killed" });
  await server.whenLeft();
});

test("what may not be asked is refused before anybody is asked to approve", async () => {
  await using server = await silent();
  const tools = await start(server, { approval: "all" });
  await expect(tools.call("fetch_url", { url: "https://example.com/" })).rejects.toMatchObject({ code: "tool_denied" });
  expect(server.connections).toBe(0);
});

test.each([
  [["GET", "HEAD"] as const, true],
  [["GET", "POST"] as const, false],
])("with the methods %j it says of itself that it only reads: %p", async (methods, isReadOnly) => {
  await using server = await silent();
  expect(await (await start(server, { methods })).tools()).toMatchObject([{ name: "fetch_url", isReadOnly }]);
});

test.each([
  ["hosts", { hosts: ["https://example.com"] }],
  ["hosts", { hosts: undefined }],
  ["schemes", { schemes: ["ftp"] }],
  ["methods", { methods: ["CONNECT"] }],
  ["methods", { methods: [] }],
  ["ports", { ports: [0] }],
  ["allowAddresses", { allowAddresses: ["localhost"] }],
  ["grantHeaders", { grantHeaders: ["host"] }],
  ["originHeaders", { originHeaders: { "https://example.com/": { "x-key": "a" } } }],
  ["originHeaders", { originHeaders: { "https://example.com": { host: "a" } } }],
  ["originHeaders", { originHeaders: { "https://example.com": { "x-key": "a\r\nb: c" } } }],
  ["contentTypes", { contentTypes: ["text"] }],
  ["ca", { ca: "none" }],
])("a wrong configuration is no start, and its key is named: %s, %j", async (key, more) => {
  await using server = await silent();
  await expect(start(server, more as never)).rejects.toMatchObject({
    message: expect.stringMatching(new RegExp(`\\b${key}\\b`)),
  });
});

test("secrets of an origin are not shown in what is wrong with them", async () => {
  await using server = await silent();
  const originHeaders = { "https://example.com": { "x-key": "sesame\n" } };
  const error = await outcome(start(server, { originHeaders }));
  expect(String(error)).toContain("originHeaders");
  expect(String(error)).not.toContain("sesame");
});

test("a proxy of the environment is not used", async () => {
  const proxy = await Proxy.start();
  await using server = await WebServer.start((_request, response) =>
    response.setHeader("content-type", "text/plain").end("here"),
  );
  const program = fileURLToPath(new URL("../../fixtures/programs/fetch-once.js", import.meta.url));
  const { stdout } = await runProgram(process.execPath, [program, JSON.stringify(configOf(server)), server.url], {
    env: { ...process.env, ...proxy.environment },
  });
  await proxy.stop();
  expect([JSON.parse(stdout).text, proxy.hosts]).toEqual(["here", []]);
});

test("a certificate that the environment makes good is not", async () => {
  await using server = await WebServer.startSecure((_request, response) => response.end("here"), {
    cert: certificate,
    key: privateKey,
  });
  const folder = mkdtempSync(join(tmpdir(), "mofa-tool-http-"));
  const file = join(folder, "authorities.pem");
  writeFileSync(file, certificate);
  const program = fileURLToPath(new URL("../../fixtures/programs/fetch-once.js", import.meta.url));
  const config = { ...configOf(server), schemes: ["https"] };
  const { stdout } = await runProgram(process.execPath, [program, JSON.stringify(config), server.url], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: file, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
  });
  rmSync(folder, { recursive: true });
  expect([stdout, server.requests]).toEqual([expect.stringContaining("DEPTH_ZERO_SELF_SIGNED_CERT"), []]);
});
