/** The tools of `tool-fs`, one by one. Not in every placement: no actors but the plugin's. */
import { chmodSync, linkSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { FsRoom } from "../../support/fs-room.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
let room: FsRoom;
beforeEach(() => {
  room = new FsRoom();
});
afterEach(() => room[Symbol.asyncDispose]());

test("the tools that write are there where a root may be written, and need approval", async () => {
  const flags = async () =>
    (await (await room.start(system(), { approval: "flagged" })).tools()).map(({ name, needsApproval, isReadOnly }) => [
      name,
      needsApproval,
      isReadOnly,
    ]);
  const readers = ["read_file", "list_files", "search_files"].map((name) => [name, false, true]);
  expect(await flags()).toEqual([...readers, ["write_file", true, false], ["edit_file", true, false]]);
  await room.stop();
  const roots = [{ name: "work", path: room.inside, mode: "read" }] as const;
  const tools = await room.start(system(), { roots });
  expect((await tools.tools()).map(({ name }) => name)).toEqual(["read_file", "list_files", "search_files"]);
});

test("nothing is written before somebody has approved", async () => {
  const tools = await room.start(system(), { approval: "flagged" });
  const asked = Promise.withResolvers<string>();
  const call = tools.call("write_file", { path: "work/a.txt", content: "a" }, { onApproval: asked.resolve });
  const id = await asked.promise;
  expect(room.names()).toEqual([]);
  await tools.decide({ id, isApproved: true });
  expect(await call).toEqual({ bytes: 1, isNew: true });
});

test("a root that is not written to stays as it is, beside one that is", async () => {
  const roots = [
    { name: "work", path: room.inside, mode: "write" },
    { name: "docs", path: room.outside, mode: "read" },
  ] as const;
  writeFileSync(join(room.outside, "a.txt"), "a");
  const tools = await room.start(system(), { roots });
  expect(await tools.call("list_files")).toEqual({
    entries: [
      { path: "work", type: "folder", mode: "write" },
      { path: "docs", type: "folder", mode: "read" },
    ],
    isCut: false,
  });
  const denied = { code: "tool_denied", message: "docs/a.txt: the root docs is read only" };
  const content = { path: "docs/a.txt", content: "b", overwrite: true };
  await expect(tools.call("write_file", content)).rejects.toMatchObject(denied);
  const edit = { path: "docs/a.txt", oldText: "a", newText: "b" };
  await expect(tools.call("edit_file", edit)).rejects.toMatchObject(denied);
  expect(readFileSync(join(room.outside, "a.txt"), "utf8")).toBe("a");
});

test.each([
  ["no list", {}],
  ["no root", []],
  ["a relative path", [{ name: "work", path: "tmp", mode: "read" }]],
  ["a name with a slash", [{ name: "a/b", path: "/tmp", mode: "read" }]],
  ["an unknown mode", [{ name: "work", path: "/tmp", mode: "rw" }]],
  ["an unknown key", [{ name: "work", path: "/tmp", mode: "read", deep: true }]],
  ["two of one name", ["a", "A"].map((name) => ({ name, path: "/tmp", mode: "read" }))],
  ["a folder that is not there", [{ name: "work", path: "/tmp/none/none", mode: "read" }]],
  ["a file", [{ name: "work", path: "/etc/passwd", mode: "read" }]],
])("roots that are %s start no plugin", async (_what, roots) => {
  await expect(room.start(system(), { roots: roots as never })).rejects.toMatchObject({
    code: "start_failed",
    message: expect.stringMatching(/roots: is a list of |the root work is at "/),
  });
});

test.each([
  ["in it", "inside/folder"],
  ["around it", "."],
  ["the same", "inside"],
])("a root that is another one's folder (%s) starts no plugin", async (_what, path) => {
  mkdirSync(join(room.inside, "folder"));
  const roots = [
    { name: "work", path: room.inside, mode: "write" },
    { name: "docs", path: join(room.folder, path), mode: "read" },
  ] as const;
  await expect(room.start(system(), { roots })).rejects.toMatchObject({
    message: expect.stringContaining("the roots work and docs are in one another"),
  });
});

test("roots whose names on disk begin alike are apart", async () => {
  mkdirSync(join(room.folder, "inside2"));
  const paths = [room.inside, join(room.folder, "inside2")];
  const roots = paths.map((path, at) => ({ name: `root${at}`, path, mode: "read" as const }));
  expect(await (await room.start(system(), { roots })).call("list_files")).toMatchObject({ entries: [{}, {}] });
});

describe("read_file", () => {
  const read = async (given: object, config = {}) =>
    await (await room.start(system(), config)).call("read_file", { path: "work/a", ...given });

  test("a text comes as it is, with its line ends and its mark of order", async () => {
    room.put("a", "\u{FEFF}one\r\ntwo\nthree");
    expect(await read({})).toEqual({ content: "\u{FEFF}one\r\ntwo\nthree", fileBytes: 17 });
  });

  test.each([
    ["from a line on", { offset: 1 }, { content: "two\nthree\n" }],
    ["so many lines", { limit: 2 }, { content: "one\ntwo\n", nextOffset: 2 }],
    ["in the middle", { offset: 1, limit: 1 }, { content: "two\n", nextOffset: 2 }],
    ["behind the end", { offset: 9 }, { content: "" }],
    ["bytes", { as: "text", offset: 2, limit: 4 }, { content: "e\ntw", nextOffset: 6 }],
    ["bytes as base64", { as: "base64", offset: 1, limit: 2 }, { content: "bmU=", nextOffset: 3 }],
    ["bytes behind the end", { as: "base64", offset: 99 }, { content: "" }],
  ])("a part is read: %s", async (_what, given, answer) => {
    room.put("a", "one\ntwo\nthree\n");
    expect(await read(given)).toEqual({ fileBytes: 14, ...answer });
  });

  test("lines are found across the pieces in which a file is read", async () => {
    const lines = Array.from({ length: 40_000 }, (_, line) => `line ${line}\n`);
    room.put("a", lines.join(""));
    expect(await read({ offset: 30_000, limit: 2 })).toMatchObject({ content: "line 30000\nline 30001\n" });
  });

  test("what is read is bounded, and goes on where it ended, with whole lines", async () => {
    room.put("a", "12345\n12345\n12345\n");
    const tools = await room.start(system(), { maxReadBytes: 13 });
    expect(await tools.call("read_file", { path: "work/a" })).toMatchObject({
      content: "12345\n12345\n",
      nextOffset: 2,
    });
    expect(await tools.call("read_file", { path: "work/a", offset: 2 })).toEqual({ content: "12345\n", fileBytes: 18 });
  });

  test("bytes of a text are cut between characters, and all of them are read in the end", async () => {
    const text = "aä€😀".repeat(20);
    room.put("a", text);
    const tools = await room.start(system(), { maxReadBytes: 7 });
    let all = "";
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      const answer = (await tools.call("read_file", { path: "work/a", as: "text", offset })) as {
        readonly content: string;
        readonly nextOffset?: number;
      };
      all += answer.content;
      offset = answer.nextOffset;
    }
    expect(all).toBe(text);
  });

  test("a line that is longer than one read says how it is read", async () => {
    room.put("a", `short\n${"x".repeat(100)}`);
    await expect(read({ offset: 1 }, { maxReadBytes: 20 })).rejects.toMatchObject({
      code: "tool_limit",
      message: 'work/a: line 1 alone has more than 20 bytes: read the file as "text", from byte 6 on',
    });
  });

  test.each([
    ["NUL", "a\0b"],
    ["no UTF-8", Buffer.from([0x61, 0xff, 0x62])],
  ])("a file with %s is no text, and comes as base64", async (_what, content) => {
    room.put("a", content);
    await expect(read({})).rejects.toMatchObject({ code: "tool_failed", message: expect.stringContaining("base64") });
    await room.stop();
    expect(await read({ as: "base64" })).toEqual({ content: Buffer.from(content).toString("base64"), fileBytes: 3 });
  });

  test.each([
    ["work/none", "tool_failed", "work/none: there is no such file or folder"],
    ["work", "tool_failed", "work: it is a root, and no file"],
    ["work/folder", "tool_failed", "work/folder: it is a folder"],
    ["work/a/b", "tool_failed", "work/a/b: a part of the path is no folder"],
    ["none/a", "tool_failed", "none/a: a path begins with the name of a root: work (read and write)"],
  ])("%s is refused, and says why", async (path, code, message) => {
    room.put("a", "");
    mkdirSync(join(room.inside, "folder"));
    await expect(read({ path })).rejects.toMatchObject({ code, message });
  });
});

describe("list_files", () => {
  beforeEach(() => {
    room.put("b.ts", "12");
    room.put("a/c.ts", "1");
    room.put("a/d/e.md", "");
    symlinkSync("/etc", join(room.inside, "link"));
  });
  const paths = async (given: object, config = {}) => {
    const tools = await room.start(system(), config);
    const { entries, isCut } = (await tools.call("list_files", { path: "work", ...given })) as {
      readonly entries: readonly { readonly path: string }[];
      readonly isCut: boolean;
    };
    return [entries.map(({ path }) => path).join(" "), isCut];
  };

  test("a folder's files come with their sizes, and links as links", async () => {
    const tools = await room.start(system());
    expect(await tools.call("list_files", { path: "work/" })).toEqual({
      entries: [
        { path: "work/a", type: "folder" },
        { path: "work/b.ts", type: "file", bytes: 2 },
        { path: "work/link", type: "link" },
      ],
      isCut: false,
    });
  });

  test.each([
    [{ path: "work/a" }, "work/a/c.ts work/a/d"],
    [{ depth: 9 }, "work/a work/a/c.ts work/a/d work/a/d/e.md work/b.ts work/link"],
    [{ depth: 9, pattern: "*.ts" }, "work/a/c.ts work/b.ts"],
    [{ depth: 9, pattern: "a/*.ts" }, "work/a/c.ts"],
    [{ depth: 9, pattern: "a/**" }, "work/a work/a/c.ts work/a/d work/a/d/e.md"],
  ])("%j is a list of %s", async (given, list) => {
    expect(await paths(given)).toEqual([list, false]);
  });

  test("one that is cut says so", async () => {
    expect(await paths({ depth: 9 }, { maxEntries: 2 })).toEqual(["work/a work/a/c.ts", true]);
  });

  test("one of exactly so many entries is not cut", async () => {
    expect(await paths({}, { maxEntries: 3 })).toEqual(["work/a work/b.ts work/link", false]);
  });

  test("a folder of thousands is looked at no further than may be", async () => {
    for (let file = 0; file < 3_000; file++) room.put(`many/${file}`, "");
    const [list, isCut] = await paths({ path: "work/many" }, { maxVisited: 10 });
    expect([String(list).split(" ").length, isCut]).toEqual([10, true]);
  });
});

describe("search_files", () => {
  const search = async (given: object, config = {}) =>
    await (await room.start(system(), config)).call("search_files", { path: "work", text: "needle", ...given });

  test("lines come with their file and number", async () => {
    room.put("a.txt", "hay\r\na needle here\r\nneedle");
    room.put("b/c.txt", "NEEDLE\nneedle");
    expect(await search({})).toEqual({
      matches: [
        { path: "work/a.txt", line: 2, text: "a needle here" },
        { path: "work/a.txt", line: 3, text: "needle" },
        { path: "work/b/c.txt", line: 2, text: "needle" },
      ],
      isCut: false,
    });
  });

  test("case is passed over, where that is said, and files are chosen by a pattern", async () => {
    room.put("a.txt", "needle");
    room.put("b/c.md", "NEEDLE");
    expect(await search({ ignoreCase: true, pattern: "*.md" })).toEqual({
      matches: [{ path: "work/b/c.md", line: 1, text: "NEEDLE" }],
      isCut: false,
    });
  });

  test("one file is searched by its own path", async () => {
    room.put("b/c.txt", "needle");
    expect(await search({ path: "work/b/c.txt" })).toEqual({
      matches: [{ path: "work/b/c.txt", line: 1, text: "needle" }],
      isCut: false,
    });
  });

  test("the text is no expression", async () => {
    room.put("a.txt", "aaaa\n(a+)+$");
    expect(await search({ text: "(a+)+$" })).toMatchObject({ matches: [{ line: 2 }] });
  });

  test("a line across two pieces of a file is one line", async () => {
    room.put("a.txt", `${"x".repeat(65_533)}needle\nlast`);
    expect(await search({})).toMatchObject({ matches: [{ line: 1, text: expect.stringMatching(/^x{294}needle$/) }] });
  });

  test("so many matches are told, and that there are more", async () => {
    room.put("a.txt", "needle\n".repeat(4));
    expect(await search({}, { maxMatches: 3 })).toMatchObject({ matches: [{}, {}, { line: 3 }], isCut: true });
    await room.stop();
    expect(await search({}, { maxMatches: 4 })).toMatchObject({ matches: { length: 4 }, isCut: false });
  });

  test("what cannot be searched is counted, and the rest is searched", async () => {
    room.put("a.bin", "needle\0");
    room.put("b.txt", `needle${"x".repeat(100)}`);
    linkSync(room.put("c.txt", "needle"), join(room.inside, "d.txt"));
    room.put("e.txt", "needle");
    expect(await search({}, { maxFileBytes: 100 })).toEqual({
      matches: [{ path: "work/e.txt", line: 1, text: "needle" }],
      isCut: false,
      skipped: 4,
    });
  });
});

describe("write_file", () => {
  const write = async (given: object, config = {}) =>
    await (await room.start(system(), config)).call("write_file", { path: "work/a", content: "new", ...given });

  test("a file and the folders on its way are made", async () => {
    expect(await write({ path: "work/b/c/a" })).toEqual({ bytes: 3, isNew: true });
    expect(room.names()).toEqual(["b", "b/c", "b/c/a"]);
    expect(room.get("b/c/a")).toBe("new");
  });

  test("bytes are written from base64", async () => {
    await write({ content: "AP8=", encoding: "base64" });
    expect(readFileSync(join(room.inside, "a"))).toEqual(Buffer.from([0, 255]));
  });

  test("a file that is there stays, unless it may be replaced, and then keeps its rights", async () => {
    chmodSync(room.put("a", "old"), 0o751);
    const tools = await room.start(system());
    await expect(tools.call("write_file", { path: "work/a", content: "new" })).rejects.toMatchObject({
      code: "tool_failed",
      message: "work/a: it is there already: say overwrite to replace it",
    });
    expect(room.get("a")).toBe("old");
    await tools.call("write_file", { path: "work/a", content: "new", overwrite: true });
    expect([room.get("a"), statSync(join(room.inside, "a")).mode & 0o777]).toEqual(["new", 0o751]);
    expect(room.names()).toEqual(["a"]);
  });

  test.each([
    ["half a character", { content: "\ud800" }, "tool_arguments"],
    ["no base64", { content: "a", encoding: "base64" }, "tool_arguments"],
    ["more than a file may have", { content: "x".repeat(11) }, "tool_limit"],
    ["a folder's place", { path: "work/folder", overwrite: true }, "tool_failed"],
    ["a root's place", { path: "work", overwrite: true }, "tool_failed"],
    ["the name of a temporary file", { path: `work/.mofa-${"0".repeat(32)}.tmp` }, "tool_denied"],
  ])("%s is refused, and nothing is made", async (_what, given, code) => {
    mkdirSync(join(room.inside, "folder"));
    await expect(write(given, { maxFileBytes: 10 })).rejects.toMatchObject({ code });
    expect(room.names()).toEqual(["folder"]);
  });
});

describe("edit_file", () => {
  const edit = async (given: object, config = {}) =>
    await (await room.start(system(), config)).call("edit_file", {
      path: "work/a",
      oldText: "b",
      newText: "c",
      ...given,
    });

  test("a text takes the place of another, as it is", async () => {
    room.put("a", "a b\r\n");
    expect(await edit({ newText: "$& ä" })).toEqual({ replaced: 1, bytes: 9 });
    expect(room.get("a")).toBe("a $& ä\r\n");
  });

  test("with all it does so everywhere", async () => {
    room.put("a", "b ab bb");
    expect(await edit({ newText: "xyz", all: true })).toEqual({ replaced: 4, bytes: 15 });
    expect(room.get("a")).toBe("xyz axyz xyzxyz");
  });

  test.each([
    ["is not there", "aaa", { oldText: "b" }, "tool_failed"],
    ["is there twice", "a b b", { oldText: "b" }, "tool_failed"],
    ["is there once and once across itself", "xxx", { oldText: "xx" }, "tool_failed"],
    ["would make the file too large", "b", { newText: "x".repeat(101) }, "tool_limit"],
    ["is in a file that is no text", Buffer.from([0x62, 0xff]), {}, "tool_failed"],
    ["is in a file that is too large", `b${"x".repeat(100)}`, {}, "tool_limit"],
    ["is half a character", "b", { newText: "\udfff" }, "tool_arguments"],
  ])("what %s is refused, and the file stays", async (_what, content, given, code) => {
    const file = room.put("a", content);
    await expect(edit(given, { maxFileBytes: 100 })).rejects.toMatchObject({ code });
    expect(readFileSync(file)).toEqual(Buffer.from(content));
    expect(room.names()).toEqual(["a"]);
  });

  test("edits at once each see what the others have done", async () => {
    room.put("a", "0");
    const tools = await room.start(system());
    const edits = Array.from({ length: 20 }, (_, at) =>
      tools.call("edit_file", { path: "work/a", oldText: `${at}`, newText: `${at + 1}` }),
    );
    await Promise.all(edits);
    expect(room.get("a")).toBe("20");
  });
});
