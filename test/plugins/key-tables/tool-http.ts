/** What users see of each key of `tool-http`. */
import { byDeadline, stopwatchMs } from "../../../core/index.ts";
import { httpConfig } from "../../../plugins/tool-http/config.ts";
import { toolHttp } from "../../../plugins/tool-http/index.ts";
import { certificate, privateKey } from "../../fixtures/pinned-certificate.ts";
import { WebServer } from "../../support/web-server.ts";
import type { Config, KeyRun, KeyTable, Outcome } from "./key-table.ts";
import { toolKeys } from "./tool-keys.ts";

const name = "tool-http";

/** Above the changed time limits, far below the others. */
const lateMs = 250;

const server = await WebServer.start((request, response) => {
  const [, way = "", status = ""] = (request.url ?? "").split("/");
  if (way === "late")
    return void byDeadline(lateMs, () => response.setHeader("content-type", "text/plain").end("late"));
  if (way === "again") return void response.writeHead(302, { location: "/text" }).end();
  if (way === "wide") response.setHeader("x-wide", "a".repeat(1_000));
  response
    .writeHead(Number(status) || 200, { "content-type": way === "image" ? "image/png" : "text/plain" })
    .end("hello");
});
const secure = await WebServer.startSecure(
  (_request, response) => void response.setHeader("content-type", "text/plain").end("safe"),
  {
    cert: certificate,
    key: privateKey,
  },
);
/** Takes connections, and never says a word of TLS. */
const mute = await WebServer.startRaw(() => {});
// The tables are also read by those who ask nothing.
const servers = [server, secure, mute];
for (const one of servers) one.unref();

async function ask({ start, call }: KeyRun, path = "/text", given: object = {}, more: Config = {}): Promise<Outcome> {
  await start(more);
  return await call("callTool", { name: "fetch_url", arguments: { url: server.url + path, ...given } });
}

/** What came of it, without what is of the server's clock. */
async function answer(...of: Parameters<typeof ask>): Promise<unknown> {
  const outcome = await ask(...of);
  if ("code" in outcome) return outcome;
  const { status, text, base64, truncated } = JSON.parse((outcome.value as { readonly json: string }).json);
  return { status, text, base64, truncated };
}

const looking =
  (path?: string, given?: object, more?: Config): ((run: KeyRun) => Promise<unknown>) =>
  (run) =>
    answer(run, path, given, more);

const slow = { tool: "fetch_url", arguments: { url: `${server.url}/late` } };

export const table: KeyTable = {
  plugin: toolHttp,
  name,
  schema: httpConfig,
  base: {
    hosts: ["127.0.0.1"],
    schemes: ["http", "https"],
    ports: servers.map(({ port }) => port),
    allowAddresses: ["127.0.0.1"],
  },
  remove: () => Promise.all(servers.map((one) => one[Symbol.asyncDispose]())),
  keys: {
    ...toolKeys({ name, call: slow, slow: { ...slow, timeoutMs: 50 } }),
    hosts: { from: ["127.0.0.1"], changed: ["example.com"], look: looking() },
    schemes: { changed: ["http"], look: looking() },
    ports: { changed: [server.port], look: looking() },
    methods: { changed: ["POST"], look: looking("/text", { method: "POST", body: "a" }) },
    allowAddresses: { changed: ["127.0.0.0/8"], look: looking() },
    denyAddresses: { changed: ["127.0.0.1"], look: looking() },
    grantHeaders: { changed: ["authorization"], look: looking("/text", { headers: { authorization: "mine" } }) },
    originHeaders: {
      changed: { [server.url]: { "x-key": "secret" } },
      async look(run) {
        await ask(run);
        return server.requests.at(-1)?.headers["x-key"] ?? "none";
      },
    },
    contentTypes: { changed: ["image/*"], look: looking("/image") },
    ca: {
      changed: certificate,
      async look({ start, call }) {
        await start();
        const outcome = await call("callTool", { name: "fetch_url", arguments: { url: secure.url } });
        return "code" in outcome ? outcome.code : "given";
      },
    },
    maxRedirects: { changed: 0, look: looking("/again") },
    maxRequestBytes: { changed: 1, look: looking("/text", { method: "POST", body: "ab" }, { methods: ["POST"] }) },
    maxHeaderBytes: { changed: 500, look: looking("/wide") },
    maxTransferBytes: { changed: 2, look: looking() },
    maxBodyBytes: { changed: 2, look: looking() },
    connectTimeoutMs: {
      changed: 30,
      async look({ start, call }) {
        await start({ timeoutMs: lateMs });
        const startMs = stopwatchMs();
        await call("callTool", { name: "fetch_url", arguments: { url: mute.url.replace("http:", "https:") } });
        return stopwatchMs() - startMs >= lateMs;
      },
    },
    firstByteTimeoutMs: { changed: 50, look: looking("/late") },
  },
};
