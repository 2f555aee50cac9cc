/** What `tool-http` refuses before it asks anybody, and what becomes of a request that is sent elsewhere. Not in every placement: no actor runs. */
import { expect, test } from "@jest/globals";
import { modelHeaders } from "../../../plugins/tool-http/header-rules.ts";
import { hasType, textDecoderOf } from "../../../plugins/tool-http/media-types.ts";
import { type HttpRequest, redirected } from "../../../plugins/tool-http/redirects.ts";
import { UrlRules } from "../../../plugins/tool-http/url-rules.ts";

const rules = new UrlRules({ schemes: ["https"], ports: [443], hosts: ["example.com"] });

test.each([
  ["tool_arguments", "example.com"],
  ["tool_arguments", "/path"],
  ["tool_arguments", `https://example.com/${"a".repeat(8_192)}`],
  ["tool_denied", "http://example.com/"],
  ["tool_denied", "file:///etc/passwd"],
  ["tool_denied", "ftp://example.com/"],
  ["tool_denied", "data:text/plain,hello"],
  ["tool_denied", "blob:https://example.com/7"],
  ["tool_denied", "https://user@example.com/"],
  ["tool_denied", "https://:password@example.com/"],
  ["tool_denied", "https://example.com@evil.test/"],
  ["tool_denied", "https://example.com:8443/"],
  ["tool_denied", "https://example.com.evil.test/"],
  ["tool_denied", "https://evil.test\\@example.com/"],
  ["tool_denied", "https://localhost/"],
])("%s: %s", (code, url) => {
  expect(() => rules.checked(url)).toThrow(expect.objectContaining({ code }));
});

test.each([
  ["https://EXAMPLE.com:443/a#b", "https://example.com/a"],
  ["https://example.com./", "https://example.com/"],
  ["https://ex\tample.com/", "https://example.com/"],
])("%j is asked as %s", (url, spelt) => {
  expect(rules.checked(url).href).toBe(spelt);
});

test("who is sent elsewhere is held to the same rules", () => {
  const base = new URL("https://example.com/a/b");
  expect(rules.checked("../c", base).href).toBe("https://example.com/c");
  expect(() => rules.checked("//evil.test/", base)).toThrow(
    'fetch_url: https://example.com/a/b sends to "//evil.test/", which has the host evil.test: only these may be asked: example.com',
  );
});

test.each([
  "Host",
  "connection",
  "Content-Length",
  "Transfer-Encoding",
  "TE",
  "Trailer",
  "Upgrade",
  "Keep-Alive",
  "Expect",
  "Proxy-Authorization",
  "Proxy-Connection",
  "Accept-Encoding",
  "Via",
  "HTTP2-Settings",
  "Authorization",
  "Cookie",
  "Origin",
  "Referer",
  "X-Forwarded-For",
  "X-Real-IP",
  "CF-Connecting-IP",
  "X-HTTP-Method-Override",
  "Sec-Fetch-Site",
])("a model may not set %s", (name) => {
  expect(() => modelHeaders({ [name]: "x" }, new Set())).toThrow(expect.objectContaining({ code: "tool_denied" }));
});

test("a model may set what it is granted, and never what belongs to the connection", () => {
  const grants = new Set(["authorization", "host"]);
  expect([...modelHeaders({ Authorization: "Bearer 7", Accept: "text/html" }, grants)]).toEqual([
    ["authorization", "Bearer 7"],
    ["accept", "text/html"],
  ]);
  expect(() => modelHeaders({ Host: "evil.test" }, grants)).toThrow(expect.objectContaining({ code: "tool_denied" }));
});

test.each([
  ["a line in a value", "x-a", "1\r\nHost: evil.test"],
  ["a line feed in a value", "x-a", "1\nx: y"],
  ["a NUL in a value", "x-a", "1\0"],
  ["a letter beyond ASCII in a value", "x-a", "\u010a"],
  ["a line in a name", "x-a\r\nx-b", "1"],
  ["a colon in a name", "x-a:", "1"],
  ["a space in a name", "host ", "1"],
  ["no name", "", "1"],
  ["a value that is too long", "x-a", "a".repeat(8_193)],
])("%s is refused", (_what, name, value) => {
  expect(() => modelHeaders({ [name]: value }, new Set())).toThrow(expect.objectContaining({ code: "tool_arguments" }));
});

const post: HttpRequest = {
  url: new URL("https://example.com/a"),
  method: "POST",
  headers: new Map([
    ["accept", "text/html"],
    ["content-type", "application/json"],
    ["x-key", "secret"],
    ["authorization", "secret"],
  ]),
  body: Buffer.from("{}"),
};
const here = new URL("https://example.com/b");

test.each([
  [301, "POST", "GET", false],
  [302, "POST", "GET", false],
  [303, "POST", "GET", false],
  [307, "POST", "POST", true],
  [308, "POST", "POST", true],
  [301, "PUT", "PUT", true],
  [302, "DELETE", "DELETE", true],
  [303, "PUT", "GET", false],
  [303, "HEAD", "HEAD", true],
] as const)("%i of %s becomes %s, with a body: %p", (status, method, becomes, hasBody) => {
  const next = redirected({ ...post, method }, status, here);
  expect([next.method, next.body !== undefined, next.headers.has("content-type")]).toEqual([becomes, hasBody, hasBody]);
});

test.each(["https://other.test/", "http://example.com/", "https://example.com:444/"])(
  "on its way to another origin, %s, a request loses what may be a secret",
  (target) => {
    expect([...redirected(post, 307, new URL(target)).headers.keys()]).toEqual(["accept", "content-type"]);
  },
);

test("on its way within an origin a request keeps its headers", () => {
  expect(redirected(post, 307, here).headers).toEqual(post.headers);
});

test("content types are taken by pattern, and a star is no name's part that is left out", () => {
  const patterns = ["text/*", "application/*+json", "image/png"];
  expect(["text/html", "application/ld+json", "image/png"].filter((type) => !hasType(patterns, type))).toEqual([]);
  expect(
    ["text/", "application/+json", "image/pngx", "xtext/html", ""].filter((type) => hasType(patterns, type)),
  ).toEqual([]);
});

test.each([
  ["text/plain; charset=iso-8859-1", "windows-1252"],
  ['text/html; Charset="UTF-8"', "utf-8"],
  ["application/ld+json", "utf-8"],
  ["text/plain; charset=klingon", "utf-8"],
  ["image/svg+xml", "utf-8"],
  ["image/png", undefined],
  [undefined, undefined],
])("the letters of %p are those of %p", (type, encoding) => {
  expect(textDecoderOf(type)?.encoding).toBe(encoding);
});
