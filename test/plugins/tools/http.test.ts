/** `tool-http` against servers, and names, that wish it ill. Not in every placement: no actor runs, but in the suite of its keys. */
import type { LookupAddress } from "node:dns";
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "@jest/globals";
import { type HttpConfig, httpConfig } from "../../../plugins/tool-http/config.ts";
import { HttpFetcher } from "../../../plugins/tool-http/http-fetcher.ts";
import { certificate, privateKey } from "../../fixtures/pinned-certificate.ts";
import { WebServer } from "../../support/web-server.ts";

const never = new AbortController().signal;

/** Of servers on the loopback, which is granted, by whatever port. */
function fetcher(servers: readonly WebServer[], more: Partial<HttpConfig> = {}, resolve?: Resolver): HttpFetcher {
  const config = {
    ...(httpConfig.defaults as unknown as HttpConfig),
    hosts: ["*"],
    schemes: ["http", "https"] as const,
    ports: servers.map(({ port }) => port),
    allowAddresses: ["127.0.0.1"],
    ...more,
  };
  return new HttpFetcher(config, resolve);
}

type Resolver = (name: string) => Promise<readonly LookupAddress[]>;

/** Says the first of these when it is asked first, then the second, and so on. */
function resolver(...answers: readonly (readonly string[])[]) {
  const asked: string[] = [];
  const resolve = (name: string) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(name);
    return Promise.resolve(addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
  };
  return { asked, resolve };
}

const hello = () =>
  WebServer.start((_request, response) => response.setHeader("content-type", "text/plain").end("hello"));
const answering = (status: number, headers: Record<string, string>) =>
  WebServer.start((_request, response) => response.writeHead(status, headers).end("never read"));
const raw = (text: string) => WebServer.startRaw((socket) => socket.end(text));

test("a page is given with its status, headers and text, and no cookie", async () => {
  await using server = await WebServer.start((_request, response) =>
    response
      .writeHead(404, { "content-type": "text/html; charset=utf-8", "set-cookie": "session=7", "x-a": ["1", "2"] })
      .end("d\u00e9j\u00e0 vu"),
  );
  expect(await fetcher([server]).fetch({ url: `${server.url}/a?b#c` }, never)).toEqual({
    url: `${server.url}/a?b`,
    status: 404,
    headers: expect.objectContaining({ "content-type": "text/html; charset=utf-8", "x-a": "1, 2" }),
    text: "d\u00e9j\u00e0 vu",
    truncated: false,
  });
  expect(server.requests[0]?.headers).toEqual({
    host: `127.0.0.1:${server.port}`,
    accept: "*/*",
    "accept-encoding": "gzip, deflate, br, zstd",
    "user-agent": "mofa",
    connection: "close",
  });
});

test("what is no text is given as base64", async () => {
  await using server = await WebServer.start((_request, response) =>
    response.setHeader("content-type", "image/png").end(Buffer.from([0, 255])),
  );
  expect(await fetcher([server], { contentTypes: ["image/*"] }).fetch({ url: server.url }, never)).toMatchObject({
    base64: "AP8=",
  });
});

test.each(["POST", "DELETE"] as const)("%s has its body with its length", async (method) => {
  await using server = await hello();
  await fetcher([server], { methods: [method] }).fetch({ url: server.url, method, body: "\u00e9" }, never);
  expect(server.requests).toEqual([
    expect.objectContaining({ method, body: "\u00e9", headers: expect.objectContaining({ "content-length": "2" }) }),
  ]);
});

test("a method that is not among those of the configuration is refused", async () => {
  await using server = await hello();
  await expect(fetcher([server]).fetch({ url: server.url, method: "POST" }, never)).rejects.toMatchObject({
    code: "tool_denied",
  });
  expect(server.connections).toBe(0);
});

test.each(["127.0.0.2", "2130706434", "0x7f.2", "0177.0.0.2", "127.2", "[::ffff:127.0.0.2]", "localtest.test"])(
  "a private address is not connected to, as %s",
  async (host) => {
    await using server = await WebServer.start((_request, response) => response.end(), "127.0.0.2");
    const { resolve } = resolver(["127.0.0.2"]);
    await expect(fetcher([server], {}, resolve).fetch({ url: server.at(host) }, never)).rejects.toMatchObject({
      code: "tool_denied",
    });
    expect(server.connections).toBe(0);
  },
);

test("a name that has a private address beside a public one is refused", async () => {
  await using server = await hello();
  for (const addresses of [
    ["127.0.0.1", "10.0.0.1"],
    ["169.254.169.254", "127.0.0.1"],
    ["127.0.0.1", "::1"],
  ])
    await expect(
      fetcher([server], {}, resolver(addresses).resolve).fetch({ url: server.at("mixed.test") }, never),
    ).rejects.toMatchObject({
      code: "tool_denied",
      message: "fetch_url: the host mixed.test has an address that is not public, and may not be reached",
    });
  expect(server.connections).toBe(0);
});

test("a name that is something else when it is asked again is not asked again", async () => {
  await using server = await hello();
  await using inside = await WebServer.start((_request, response) => response.end("inside"), "127.0.0.2", server.port);
  const { asked, resolve } = resolver(["127.0.0.1"], ["127.0.0.2"]);
  const answer = await fetcher([server], {}, resolve).fetch({ url: server.at("rebound.test") }, never);
  expect([answer.text, asked, inside.connections]).toEqual(["hello", ["rebound.test"], 0]);
  expect(server.requests[0]?.headers.host).toBe(`rebound.test:${server.port}`);
});

test("a redirect to the same name has its address looked at anew", async () => {
  await using server = await answering(302, { location: "/again" });
  await using inside = await WebServer.start((_request, response) => response.end("inside"), "127.0.0.2", server.port);
  const { asked, resolve } = resolver(["127.0.0.1"], ["127.0.0.2"]);
  await expect(fetcher([server], {}, resolve).fetch({ url: server.at("rebound.test") }, never)).rejects.toMatchObject({
    code: "tool_denied",
  });
  expect([asked.length, inside.connections]).toEqual([2, 0]);
});

test("a name without an address, and one that nobody knows, have failed", async () => {
  await using server = await hello();
  const url = server.at("nowhere.test");
  await expect(fetcher([server], {}, resolver([]).resolve).fetch({ url }, never)).rejects.toMatchObject({
    code: "tool_failed",
  });
  const unknown = () => Promise.reject(new Error("getaddrinfo ENOTFOUND nowhere.test"));
  await expect(fetcher([server], {}, unknown).fetch({ url }, never)).rejects.toMatchObject({
    code: "tool_failed",
    message: "fetch_url: the host nowhere.test is not found: getaddrinfo ENOTFOUND nowhere.test",
  });
});

test("the next address of a name is tried where the first takes no connection", async () => {
  await using server = await hello();
  const { resolve } = resolver(["127.0.0.3", "127.0.0.1"]);
  const tool = fetcher([server], { allowAddresses: ["127.0.0.0/8"] }, resolve);
  expect(await tool.fetch({ url: server.at("two.test") }, never)).toMatchObject({ text: "hello" });
});

test("a server of TLS is asked by its name, at the address that was looked at", async () => {
  await using server = await WebServer.startSecure(
    (_request, response) => response.setHeader("content-type", "text/plain").end("safe"),
    {
      cert: certificate,
      key: privateKey,
    },
  );
  const { resolve } = resolver(["127.0.0.1"]);
  const tool = fetcher([server], { ca: certificate }, resolve);
  expect(await tool.fetch({ url: server.at("pinned.test") }, never)).toMatchObject({ text: "safe" });
  await expect(tool.fetch({ url: server.at("other.test") }, never)).rejects.toMatchObject({
    code: "tool_failed",
    message: expect.stringContaining("ERR_TLS_CERT_ALTNAME_INVALID"),
  });
  await expect(fetcher([server], {}, resolve).fetch({ url: server.at("pinned.test") }, never)).rejects.toMatchObject({
    code: "tool_failed",
  });
});

test.each([
  "http://169.254.169.254/latest/meta-data/",
  "http://[::1]/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://0x7f000002/",
  "file:///etc/passwd",
  "ftp://127.0.0.1/",
  "data:text/plain,hello",
  "javascript:alert(1)",
  "http://user:password@127.0.0.1/",
  "//10.0.0.1/",
])("a redirect to %s is refused", async (location) => {
  await using server = await answering(302, { location });
  const tool = fetcher([server], { ports: [server.port, 80] });
  await expect(tool.fetch({ url: server.url }, never)).rejects.toMatchObject({ code: "tool_denied" });
});

test("a redirect to a host that may not be asked is refused", async () => {
  await using server = await answering(302, { location: "http://other.test/" });
  await expect(
    fetcher([server], { hosts: ["127.0.0.1"], ports: [server.port, 80] }).fetch({ url: server.url }, never),
  ).rejects.toMatchObject({
    code: "tool_denied",
    message: expect.stringContaining("other.test"),
  });
});

test("a loop of redirects ends at its bound", async () => {
  await using server = await answering(302, { location: "/" });
  await expect(fetcher([server], { maxRedirects: 3 }).fetch({ url: server.url }, never)).rejects.toMatchObject({
    code: "tool_limit",
  });
  expect(server.requests).toHaveLength(4);
  await server.whenLeft();
});

test("a redirect that becomes a method which is not allowed is refused", async () => {
  await using server = await answering(303, { location: "/" });
  await expect(
    fetcher([server], { methods: ["POST"] }).fetch({ url: server.url, method: "POST" }, never),
  ).rejects.toMatchObject({
    code: "tool_denied",
  });
});

test("headers of an origin are in no model's hand, and go to no other origin", async () => {
  await using there = await hello();
  await using here = await answering(307, { location: `${there.url}/there` });
  const originHeaders = { [here.url]: { Authorization: "secret", "X-Key": "secret" } };
  const tool = fetcher([here, there], { originHeaders });
  await tool.fetch({ url: here.url, headers: { "x-key": "a model's", "x-own": "a model's" } }, never);
  expect(here.requests[0]?.headers).toMatchObject({ authorization: "secret", "x-key": "secret", "x-own": "a model's" });
  expect(JSON.stringify(there.requests)).not.toMatch(/secret|a model's/);
});

test("headers of an origin are there again where a redirect stays in it, once each", async () => {
  await using server = await WebServer.start((request, response) =>
    request.url === "/"
      ? response.writeHead(302, { location: "/b" }).end()
      : response.setHeader("content-type", "text/plain").end(),
  );
  await fetcher([server], { originHeaders: { [server.url]: { "x-key": "secret" } } }).fetch({ url: server.url }, never);
  expect(server.requests.map(({ path, headers }) => [path, headers["x-key"]])).toEqual([
    ["/", "secret"],
    ["/b", "secret"],
  ]);
});

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
] as const)("a body in %s is read", async (coding, compress) => {
  await using server = await WebServer.start((_request, response) =>
    response
      .writeHead(200, { "content-type": "text/plain", "content-encoding": coding })
      .end(compress(Buffer.from("hello"))),
  );
  expect(await fetcher([server]).fetch({ url: server.url }, never)).toMatchObject({ text: "hello", truncated: false });
});

test.each([
  ["gzip", gzipSync],
  // At its best it takes seconds to make one.
  ["br", (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ["zstd", zstdCompressSync],
] as const)("a bomb in %s is read no further than its bound", async (coding, compress) => {
  const bomb = compress(Buffer.alloc(64 * 2 ** 20));
  await using server = await WebServer.start((_request, response) =>
    response.writeHead(200, { "content-type": "text/plain", "content-encoding": coding }).end(bomb),
  );
  const { text, truncated } = await fetcher([server], { maxBodyBytes: 1_000 }).fetch({ url: server.url }, never);
  expect([text?.length, truncated]).toEqual([1_000, true]);
  await server.whenLeft();
});

test("a compressed body is cut off where more comes than may", async () => {
  const letters = Array.from({ length: 40_000 }, (_one, index) => (index * 7_919) % 9_973).join(" ");
  await using server = await WebServer.start((_request, response) =>
    response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" }).end(gzipSync(letters)),
  );
  const { text = "", truncated } = await fetcher([server], { maxTransferBytes: 20_000 }).fetch(
    { url: server.url },
    never,
  );
  expect(truncated).toBe(true);
  expect(text.length).toBeGreaterThan(20_000);
  expect(letters.startsWith(text)).toBe(true);
});

test.each(["gzip, gzip", "compress", "__proto__"])("a body in the coding %s is refused", async (coding) => {
  await using server = await answering(200, { "content-type": "text/plain", "content-encoding": coding });
  await expect(fetcher([server]).fetch({ url: server.url }, never)).rejects.toMatchObject({ code: "tool_failed" });
  await server.whenLeft();
});

test.each([
  ["is none", "no gzip at all"],
  ["breaks off", gzipSync("hello ".repeat(100)).subarray(0, 20)],
])("gzip that %s has failed", async (_how, body) => {
  await using server = await WebServer.start((_request, response) =>
    response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" }).end(body),
  );
  await expect(fetcher([server]).fetch({ url: server.url }, never)).rejects.toMatchObject({ code: "tool_failed" });
});

test("an endless body is cut off, and its connection closed", async () => {
  await using server = await WebServer.start((_request, response) => {
    response.setHeader("content-type", "text/plain");
    const go = () => {
      while (!response.destroyed && response.write("x".repeat(10_000)));
    };
    response.on("drain", go);
    go();
  });
  const { text, truncated } = await fetcher([server], { maxBodyBytes: 5_000 }).fetch({ url: server.url }, never);
  expect([text?.length, truncated]).toEqual([5_000, true]);
  await server.whenLeft();
});

test("a letter that is cut in two is left out", async () => {
  await using server = await WebServer.start((_request, response) =>
    response.setHeader("content-type", "text/plain").end("a\u00e9\u00e9"),
  );
  expect(await fetcher([server], { maxBodyBytes: 4 }).fetch({ url: server.url }, never)).toMatchObject({
    text: "a\u00e9",
    truncated: true,
  });
});

test("more headers than may come are refused", async () => {
  await using server = await WebServer.start((_request, response) =>
    response.setHeader("x-a", "a".repeat(3_000)).end(),
  );
  await expect(fetcher([server], { maxHeaderBytes: 2_000 }).fetch({ url: server.url }, never)).rejects.toMatchObject({
    code: "tool_limit",
  });
});

test("headers without an end are refused", async () => {
  await using server = await WebServer.startRaw((socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    const go = () => {
      while (!socket.destroyed && socket.write(`x-a: ${"a".repeat(1_000)}\r\n`));
    };
    socket.on("drain", go);
    go();
  });
  await expect(fetcher([server]).fetch({ url: server.url }, never)).rejects.toMatchObject({ code: "tool_limit" });
  await server.whenLeft();
});

test.each([
  ["breaks off before its length", "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\nhello"],
  [
    "breaks off in a chunk",
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n64\r\nhello",
  ],
  [
    "has two lengths",
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
  ],
  [
    "has a length and chunks",
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  ],
  ["has a length that is none", "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: -5\r\n\r\nhello"],
  ["is no HTTP", "220 ready\r\n"],
  ["is nothing", ""],
  ["changes the protocol", "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"],
])("an answer that %s has failed", async (_how, text) => {
  await using server = await raw(text);
  await expect(fetcher([server]).fetch({ url: server.url }, never)).rejects.toMatchObject({ code: "tool_failed" });
  await server.whenLeft();
});

test("what comes behind the length of an answer is not of it", async () => {
  await using server = await raw(
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n",
  );
  expect(await fetcher([server]).fetch({ url: server.url }, never)).toMatchObject({ text: "hello", truncated: false });
});

test.each([{ "content-type": "application/octet-stream" }, { "content-type": "image/png; charset=text/plain" }, {}])(
  "an answer of a type that is not allowed is refused: %j",
  async (headers: Record<string, string>) => {
    await using server = await answering(200, headers);
    await expect(fetcher([server]).fetch({ url: server.url }, never)).rejects.toMatchObject({ code: "tool_denied" });
    await server.whenLeft();
  },
);

test.each([
  ["HEAD", 200],
  ["GET", 204],
  ["GET", 304],
] as const)("an answer to %s with %i has no body, and needs no type", async (method, status) => {
  await using server = await answering(status, {});
  expect(await fetcher([server]).fetch({ url: server.url, method }, never)).toMatchObject({ status, text: "" });
});

test("a connection that is not taken ends at its time limit", async () => {
  await using server = await hello();
  const tool = fetcher([server], { connectTimeoutMs: 30 }, () => new Promise(() => {}));
  await expect(tool.fetch({ url: server.at("slow.test") }, never)).rejects.toMatchObject({
    code: "timeout",
    message: expect.stringContaining("connectTimeoutMs (30 ms)"),
  });
});

test("a handshake of TLS that never ends is part of the connection's time", async () => {
  await using server = await WebServer.startRaw(() => {});
  await expect(
    fetcher([server], { connectTimeoutMs: 50 }).fetch({ url: server.url.replace("http:", "https:") }, never),
  ).rejects.toMatchObject({ code: "timeout" });
  await server.whenLeft();
});

test("a server that says nothing is left at its time limit", async () => {
  await using server = await WebServer.start(() => {});
  await expect(fetcher([server], { firstByteTimeoutMs: 50 }).fetch({ url: server.url }, never)).rejects.toMatchObject({
    code: "timeout",
    message: expect.stringContaining("firstByteTimeoutMs (50 ms)"),
  });
  await server.whenLeft();
});

test("a server that always says that more comes has not begun to answer", async () => {
  await using server = await WebServer.startRaw((socket) => {
    const go = () => {
      while (!socket.destroyed && socket.write("HTTP/1.1 100 Continue\r\n\r\n"));
    };
    socket.on("drain", go);
    go();
  });
  await expect(fetcher([server], { firstByteTimeoutMs: 50 }).fetch({ url: server.url }, never)).rejects.toMatchObject({
    code: "timeout",
  });
  await server.whenLeft();
});

test.each([
  [
    "drips its body",
    (_request: unknown, response: { writeHead(...of: unknown[]): { write(text: string): unknown } }) =>
      void response.writeHead(200, { "content-type": "text/plain" }).write("a"),
  ],
  ["says nothing", () => {}],
])("who gives up while a server %s has closed the connection", async (_how, answer) => {
  await using server = await WebServer.start(answer as never);
  const controller = new AbortController();
  const given = fetcher([server])
    .fetch({ url: server.url }, controller.signal)
    .catch((error: unknown) => error);
  await server.whenConnected();
  controller.abort(new Error("given up"));
  expect(await given).toMatchObject({ message: "given up" });
  await server.whenLeft();
});

test("who has given up before asks nobody", async () => {
  await using server = await hello();
  await expect(fetcher([server]).fetch({ url: server.url }, AbortSignal.abort(new Error("given up")))).rejects.toThrow(
    "given up",
  );
  expect(server.connections).toBe(0);
});

test("a body is bounded, and none where the method has none", async () => {
  await using server = await hello();
  const tool = fetcher([server], { methods: ["GET", "POST"], maxRequestBytes: 3 });
  await expect(tool.fetch({ url: server.url, method: "POST", body: "\u00e9\u00e9" }, never)).rejects.toMatchObject({
    code: "tool_limit",
  });
  await expect(tool.fetch({ url: server.url, body: "a" }, never)).rejects.toMatchObject({ code: "tool_arguments" });
  expect(server.connections).toBe(0);
});
