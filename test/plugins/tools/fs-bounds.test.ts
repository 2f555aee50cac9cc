/** The bounds of `tool-fs` hold whatever is asked for at once, fails or is given up. Not in every placement: no actors but the plugin's. */
import { appendFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Tool, ToolError, type ToolRun } from "../../../index.ts";
import { fsConfig } from "../../../plugins/tool-fs/config.ts";
import { editFileTool } from "../../../plugins/tool-fs/edit-file.ts";
import { FsPlaces } from "../../../plugins/tool-fs/fs-places.ts";
import { globMatcher } from "../../../plugins/tool-fs/glob.ts";
import { listFilesTool } from "../../../plugins/tool-fs/list-files.ts";
import { readFileTool } from "../../../plugins/tool-fs/read-file.ts";
import { Root } from "../../../plugins/tool-fs/root.ts";
import { searchFilesTool } from "../../../plugins/tool-fs/search-files.ts";
import { writeFileTool } from "../../../plugins/tool-fs/write-file.ts";
import { FsRoom } from "../../support/fs-room.ts";
import { heldBelow } from "../../support/held-files.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
let room: FsRoom;
beforeEach(() => {
  room = new FsRoom();
});
afterEach(() => room[Symbol.asyncDispose]());

test("what may be written in all is exact, whatever is written at once", async () => {
  const tools = await room.start(system(), { maxWrittenBytes: 1_000, maxConcurrent: 50 });
  const writes = Array.from({ length: 50 }, (_, at) =>
    tools.call("write_file", { path: `work/${at}`, content: "x".repeat(90) }).then(
      () => "written",
      ({ code }: { readonly code: string }) => code,
    ),
  );
  const outcomes = await Promise.all(writes);
  expect(outcomes.filter((one) => one === "written").length).toBe(11);
  expect(outcomes.filter((one) => one === "tool_limit").length).toBe(39);
  expect(room.names().length).toBe(11);
  await tools.call("write_file", { path: "work/last", content: "x".repeat(10) });
  await expect(tools.call("write_file", { path: "work/more", content: "x" })).rejects.toMatchObject({
    code: "tool_limit",
    message: "work: 1 bytes are more than may still be written into it (0 of 1000, maxWrittenBytes)",
  });
});

test("an edit counts with its whole file, and each root for itself", async () => {
  const roots = [
    { name: "work", path: room.inside, mode: "write" },
    { name: "other", path: room.outside, mode: "write" },
  ] as const;
  room.put("a", "1234567890");
  const tools = await room.start(system(), { roots, maxWrittenBytes: 15 });
  await tools.call("edit_file", { path: "work/a", oldText: "1", newText: "2" });
  await expect(tools.call("edit_file", { path: "work/a", oldText: "3", newText: "" })).rejects.toMatchObject({
    code: "tool_limit",
  });
  expect(room.get("a")).toBe("2234567890");
  await tools.call("write_file", { path: "other/a", content: "x".repeat(15) });
});

test("files and folders are counted, whatever is made at once", async () => {
  const tools = await room.start(system(), { maxCreated: 7 });
  await Promise.allSettled(
    Array.from({ length: 20 }, (_, at) => tools.call("write_file", { path: `work/${at}/a`, content: "" })),
  );
  expect(room.names().length).toBe(7);
});

test("a write that fails costs nothing of what may be written", async () => {
  mkdirSync(join(room.inside, "folder"));
  room.put("a", "old");
  const tools = await room.start(system(), { maxWrittenBytes: 3, maxCreated: 1 });
  for (const path of ["work/a", "work/folder", `work/${"x".repeat(300)}`, "work/a/b"])
    await expect(tools.call("write_file", { path, content: "new" })).rejects.toMatchObject({ code: "tool_failed" });
  expect(await tools.call("write_file", { path: "work/b", content: "new" })).toEqual({ bytes: 3, isNew: true });
});

function giveUp(): never {
  throw new ToolError("cancelled", "given up");
}

/** The n-th time that the tool asks whether it is to end that happens. */
function at(step: number, happens: () => void = giveUp): { readonly run: ToolRun; isReached(): boolean } {
  let asked = 0;
  const signal = {
    aborted: false,
    throwIfAborted() {
      if (++asked === step) happens();
    },
  };
  return { run: { signal } as unknown as ToolRun, isReached: () => asked >= step };
}

async function made(): Promise<{ readonly root: Root; readonly places: FsPlaces; readonly warnings: unknown[] }> {
  const warnings: unknown[] = [];
  const config = { ...fsConfig.defaults, roots: [] } as never;
  const root = await Root.at({ name: "work", path: room.inside, mode: "write" }, config, true);
  return { root, places: new FsPlaces([root], config, (error) => warnings.push(error)), warnings };
}

describe("given up at any step", () => {
  test.each<[string, (places: FsPlaces) => Tool, object]>([
    ["a new file", writeFileTool, { path: "work/new", content: "x".repeat(3_000_000) }],
    ["a replaced file", writeFileTool, { path: "work/a.txt", content: "x".repeat(3_000_000), overwrite: true }],
    ["an edit", editFileTool, { path: "work/a.txt", oldText: "last", newText: "end" }],
  ])("%s leaves no temporary file, no descriptor and no quota behind", async (_what, tool, given) => {
    const { root, places, warnings } = await made();
    const content = `${"line\n".repeat(100_000)}last`;
    room.put("a.txt", content);
    let step = 1;
    for (; ; step++) {
      const { run, isReached } = at(step);
      const outcome = await Promise.resolve(tool(places).run(given as never, run)).catch((error: Error) => error);
      expect(heldBelow(room.folder)).toEqual([]);
      if (!isReached()) break;
      expect(outcome).toMatchObject({ code: "cancelled", message: "given up" });
      expect(room.names()).toEqual(["a.txt"]);
      expect(room.get("a.txt") === content).toBe(true);
      expect([root.quota.writtenBytes, root.quota.created]).toEqual([0, 0]);
    }
    expect(step).toBeGreaterThan(5);
    expect(root.quota.writtenBytes).toBeGreaterThan(0);
    expect(warnings).toEqual([]);
  });

  test.each<[string, (places: FsPlaces) => Tool, object]>([
    ["a read", readFileTool, { path: "work/b/a.txt", offset: 50_000 }],
    ["a list", listFilesTool, { path: "work", depth: 3 }],
    ["a search", searchFilesTool, { path: "work", text: "last" }],
  ])("%s leaves no descriptor behind", async (_what, tool, given) => {
    const { places } = await made();
    room.put("b/a.txt", `${"line\n".repeat(100_000)}last`);
    room.put("b/c/d.txt", "last");
    for (let step = 1; ; step++) {
      const { run, isReached } = at(step);
      await Promise.resolve(tool(places).run(given as never, run)).catch(() => {});
      expect(heldBelow(room.folder)).toEqual([]);
      if (!isReached()) {
        expect(step).toBeGreaterThan(4);
        break;
      }
    }
  });

  test("a real call that is given up leaves nothing either", async () => {
    const tools = await room.start(system(), { maxWrittenBytes: 1_000_000_000 });
    const content = "x".repeat(8_000_000);
    for (let call = 0; call < 10; call++) {
      const controller = new AbortController();
      const write = tools.call("write_file", { path: "work/a", content }, { signal: controller.signal });
      const outcome = write.catch(({ code }: { readonly code: string }) => code);
      for (let turn = 0; turn < call; turn++) await tools.call("list_files");
      controller.abort();
      expect(["cancelled", "tool_failed", content.length]).toContain(
        ((await outcome) as { readonly bytes?: number }).bytes ?? (await outcome),
      );
      // Behind it in the root's line, and so after whatever it still had to do.
      await tools.call("write_file", { path: "work/behind", content: "", overwrite: true });
      expect(room.names().filter((name) => name.includes(".mofa-"))).toEqual([]);
      if (room.has("a")) expect(statSync(join(room.inside, "a")).size).toBe(content.length);
    }
  });
});

test("a file that grows while it is read comes to an end", async () => {
  const file = room.put("a", "line\n".repeat(100_000));
  const tools = await room.start(system());
  let isOver = false;
  const grows = (async () => {
    while (!isOver) {
      appendFileSync(file, "line\n".repeat(10_000));
      await new Promise(setImmediate);
      if (statSync(file).size > 50_000_000) writeFileSync(file, "line\n".repeat(100_000));
    }
  })();
  for (let time = 0; time < 20; time++) {
    await tools.call("read_file", { path: "work/a", as: "text" });
    const found = await tools.call("search_files", { path: "work", text: "none" });
    expect(found).toMatchObject({ matches: [] });
    const edit = tools.call("edit_file", { path: "work/a", oldText: "none", newText: "" });
    await expect(edit).rejects.toMatchObject({ name: "ToolError" });
  }
  isOver = true;
  await grows;
});

test("an edit of a file that somebody else changes, at any step, is refused, or has what the other has written", async () => {
  const { places } = await made();
  const outcomes = new Set<string>();
  for (let step = 1; ; step++) {
    const file = room.put("a", "one two");
    const { run, isReached } = at(step, () => writeFileSync(file, "one two, and more"));
    const edit = Promise.resolve(
      editFileTool(places).run({ path: "work/a", oldText: "two", newText: "2" } as never, run),
    );
    const outcome = await edit.then(
      () => room.get("a"),
      ({ message }: Error) => message,
    );
    if (!isReached()) break;
    outcomes.add(outcome);
    if (outcome.startsWith("work/a:")) expect(room.get("a")).toBe("one two, and more");
  }
  const refused = "work/a: it was changed by somebody else meanwhile: read it again";
  expect([...outcomes].sort()).toEqual(["one 2, and more", refused]);
});

describe("a pattern", () => {
  test.each([
    ["*.ts", "a/b.ts", true],
    ["*.ts", "a.tsx", false],
    ["a*b*c", "aXbbXc", true],
    ["a*b*c", "aXbX", false],
    ["?", "😀", true],
    ["?", "", false],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a/**/b", "a/x/y/c", false],
    ["**/x/**/y", "x/a/x/y", true],
    ["a/*", "a/b/c", false],
    ["a**", "abc", true],
    ["[a]", "a", false],
    ["a.c", "abc", false],
  ])("%s of %s: %s", (pattern, path, does) => {
    expect(globMatcher(pattern)(path.split("/"))).toBe(does);
  });

  // One that tried every way would not be done in years.
  test("holds nobody, however it is made", () => {
    const matcher = globMatcher(`${"a*".repeat(63)}b`);
    for (let time = 0; time < 100; time++) expect(matcher(["a".repeat(255)])).toBe(false);
    for (let time = 0; time < 100; time++)
      expect(globMatcher("**/a/".repeat(25))(Array.from({ length: 100 }, () => "b"))).toBe(false);
  });
});
