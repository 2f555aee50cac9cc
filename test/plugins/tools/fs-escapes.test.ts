/** Nothing leads `tool-fs` out of its roots, and nothing holds it there. Not in every placement: no actors but the plugin's. */
import { execFileSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { ToolsClient } from "../../../index.ts";
import { FsRoom } from "../../support/fs-room.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
let room: FsRoom;
let secret: string;
beforeEach(() => {
  room = new FsRoom();
  secret = join(room.outside, "secret.txt");
  writeFileSync(secret, "secret");
});
afterEach(async () => {
  // Whatever was asked for.
  expect([readdirSync(room.outside), readFileSync(secret, "utf8")]).toEqual([["secret.txt"], "secret"]);
  await room[Symbol.asyncDispose]();
});

/** What each of the tools says of a path. */
async function codesOf(tools: ToolsClient, path: string): Promise<string[]> {
  const calls = [
    tools.call("read_file", { path }),
    tools.call("list_files", { path }),
    tools.call("search_files", { path, text: "secret" }),
    tools.call("write_file", { path, content: "written", overwrite: true }),
    tools.call("edit_file", { path, oldText: "secret", newText: "written" }),
  ];
  return await Promise.all(
    calls.map((call) =>
      call.then(
        (answer) => JSON.stringify(answer),
        ({ code }: { readonly code: string }) => code,
      ),
    ),
  );
}
const denied = Array.from({ length: 5 }, () => "tool_denied");

test.each([
  ["an absolute path", (outside: string) => `${outside}/secret.txt`],
  ["..", () => "work/../outside/secret.txt"],
  [".. at first", () => "../outside/secret.txt"],
  [".. behind a folder that is not there", () => "work/none/../../outside/secret.txt"],
  ["a NUL", () => "work/a\0/../../outside/secret.txt"],
  ["half a character", () => "work/\ud800"],
])("%s in a path is refused", async (_what, path) => {
  room.put("a", "");
  expect(await codesOf(await room.start(system()), path(room.outside))).toEqual(denied);
});

test.each([
  ["the root's own folder", (inside: string) => [inside, "work/link/a"]],
  ["a folder outside", (_: string, outside: string) => [outside, "work/link/secret.txt"]],
  ["a file outside", (_: string, outside: string) => [`${outside}/secret.txt`, "work/link"]],
  ["a file inside", (inside: string) => [`${inside}/a`, "work/link"]],
  ["what is not there yet, outside", (_: string, outside: string) => [`${outside}/new`, "work/link"]],
  ["itself", () => ["link", "work/link"]],
])("a link to %s is not followed", async (_what, of) => {
  room.put("a", "secret");
  const [to = "", path = ""] = of(room.inside, room.outside);
  symlinkSync(to, join(room.inside, "link"));
  expect(await codesOf(await room.start(system()), path)).toEqual(denied);
  expect(room.get("a")).toBe("secret");
});

test("a list and a search pass links by", async () => {
  symlinkSync(room.outside, join(room.inside, "link"));
  symlinkSync(secret, join(room.inside, "also"));
  const tools = await room.start(system());
  const { entries } = (await tools.call("list_files", { path: "work", depth: 9 })) as { readonly entries: unknown };
  expect(entries).toEqual([
    { path: "work/also", type: "link" },
    { path: "work/link", type: "link" },
  ]);
  const found = await tools.call("search_files", { path: "work", text: "secret" });
  expect(found).toEqual({ matches: [], isCut: false });
});

test("a file that is also one outside is not read, and what replaces it leaves the other as it is", async () => {
  linkSync(secret, join(room.inside, "a"));
  const tools = await room.start(system());
  for (const [tool, given] of [
    ["read_file", {}],
    ["search_files", { text: "secret" }],
    ["edit_file", { oldText: "secret", newText: "" }],
  ] as const)
    await expect(tools.call(tool, { path: "work/a", ...given })).rejects.toMatchObject({ code: "tool_denied" });
  await tools.call("write_file", { path: "work/a", content: "written", overwrite: true });
  expect(room.get("a")).toBe("written");
});

test("a pipe, a socket and a device hold nobody, and are not opened", async () => {
  execFileSync("mkfifo", [join(room.inside, "pipe")]);
  const server = createServer().listen(join(room.inside, "socket"));
  const tools = await room.start(system());
  const [read, , search, write, edit] = denied;
  // A list of what is no folder.
  const codes = [read, "tool_failed", search, write, edit];
  expect(await codesOf(tools, "work/pipe")).toEqual(codes);
  expect(await codesOf(tools, "work/socket")).toEqual(codes);
  expect(await tools.call("list_files", { path: "work" })).toMatchObject({
    entries: [{ type: "other" }, { type: "other" }],
  });
  server.close();
  await room.stop();
  const roots = [{ name: "dev", path: "/dev", mode: "read" }] as const;
  const devices = await room.start(system(), { roots });
  await expect(devices.call("read_file", { path: "dev/zero" })).rejects.toMatchObject({ code: "tool_denied" });
});

test("what a tool says has no path but that which it was given", async () => {
  mkdirSync(join(room.inside, "folder"));
  const tools = await room.start(system());
  for (const path of ["work/none", "work/folder", `work/${"x".repeat(300)}`]) {
    const error = await tools.call("read_file", { path }).catch((thrown: Error) => thrown);
    expect((error as Error).message).not.toContain(room.folder);
  }
});

test("a root that is a link is where that leads at the start, and another folder in its place is none", async () => {
  const link = join(room.folder, "link");
  symlinkSync(room.inside, link);
  room.put("a", "text");
  const tools = await room.start(system(), { roots: [{ name: "work", path: link, mode: "write" }] });
  expect(await tools.call("read_file", { path: "work/a" })).toMatchObject({ content: "text" });
  expect(await system().call("plugin.tool-fs", "health")).toEqual({ status: "up" });
  renameSync(room.inside, join(room.folder, "moved"));
  mkdirSync(room.inside);
  const message = "work: another folder has taken the root's place";
  await expect(tools.call("list_files", { path: "work" })).rejects.toMatchObject({ code: "tool_failed", message });
  expect(await system().call("plugin.tool-fs", "health")).toEqual({ status: "degraded", detail: message });
  rmdirSync(room.inside);
  symlinkSync(room.outside, room.inside);
  await expect(tools.call("read_file", { path: "work/secret.txt" })).rejects.toThrow(/^work/);
});
