/**
 * A process exchanges what is in a root by links to outside, ten thousand times, while the tools of `tool-fs` work there. Not in every placement: no actors
 * but the plugin's.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { ToolRun } from "../../../index.ts";
import { fsConfig } from "../../../plugins/tool-fs/config.ts";
import { FsPlaces } from "../../../plugins/tool-fs/fs-places.ts";
import { readFileTool } from "../../../plugins/tool-fs/read-file.ts";
import { Root } from "../../../plugins/tool-fs/root.ts";
import { searchFilesTool } from "../../../plugins/tool-fs/search-files.ts";
import { FsRoom } from "../../support/fs-room.ts";
import { heldBelow } from "../../support/held-files.ts";
import { runProgram } from "../../support/run-program.ts";
import { useSystem } from "../../support/use-system.ts";

const program = fileURLToPath(new URL("../../fixtures/programs/swap-entries.js", import.meta.url));
const swaps = 10_000;
const system = useSystem({ clock: "system", threads: 1 });
let room: FsRoom;
beforeEach(() => {
  room = new FsRoom();
  writeFileSync(join(room.outside, "secret.txt"), "secret");
  room.put("door/secret.txt", "inside");
  room.put("file", "inside");
  room.put("slot", "inside");
});
afterEach(() => room[Symbol.asyncDispose]());

type Call = (tool: string, given: object) => Promise<unknown>;
/** By tool and code; what went well is `ok`. */
type Counts = Map<string, number>;

/** Each kind of call, one after the other, until the program has done its swaps. */
async function whileSwapped(call: Call, calls: readonly (readonly [tool: string, given: () => object])[]) {
  const counts: Counts = new Map();
  const answers = new Set<string>();
  let isOver = false;
  const swapped = runProgram(process.execPath, [program, room.inside, room.outside, `${swaps}`], {}, 100_000);
  const over = swapped.finally(() => {
    isOver = true;
  });
  const loops = calls.map(async ([tool, given]) => {
    while (!isOver) {
      const outcome = await call(tool, given()).then(
        (answer) => {
          answers.add(JSON.stringify(answer));
          return "ok";
        },
        ({ code }: { readonly code: string }) => code,
      );
      counts.set(`${tool} ${outcome}`, (counts.get(`${tool} ${outcome}`) ?? 0) + 1);
    }
  });
  await Promise.all(loops);
  expect(await over).toMatchObject({ code: 0, stdout: `swapped ${swaps} times\n`, stderr: "" });
  return { counts, answers: [...answers] };
}

test("nothing is read or written outside, whatever is exchanged meanwhile", async () => {
  const before = statSync(join(room.outside, "secret.txt"), { bigint: true });
  const maxCreated = 1_000_000;
  const tools = await room.start(system(), { maxCreated, maxWrittenBytes: 1_000_000_000, maxMatches: 1_000_000 });
  let made = 0;
  const { counts, answers } = await whileSwapped(
    (tool, given) => tools.call(tool, given),
    [
      ["read_file", () => ({ path: "work/door/secret.txt" })],
      ["read_file", () => ({ path: "work/file" })],
      ["read_file", () => ({ path: "work/slot" })],
      ["list_files", () => ({ path: "work/door", depth: 2 })],
      ["search_files", () => ({ path: "work/door", text: "e" })],
      ["search_files", () => ({ path: "work", text: "secret" })],
      ["write_file", () => ({ path: `work/door/${made++ % 50}`, content: "written", overwrite: true })],
      ["write_file", () => ({ path: "work/door/secret.txt", content: "inside", overwrite: true })],
      ["write_file", () => ({ path: `work/door/folder-${made++}/a`, content: "written" })],
      ["write_file", () => ({ path: "work/file", content: "inside", overwrite: true })],
      ["edit_file", () => ({ path: "work/door/secret.txt", oldText: "s", newText: "s" })],
      ["edit_file", () => ({ path: "work/file", oldText: "s", newText: "s" })],
    ],
  );
  const after = statSync(join(room.outside, "secret.txt"), { bigint: true });
  expect([after.ino, after.mtimeNs, after.ctimeNs]).toEqual([before.ino, before.mtimeNs, before.ctimeNs]);
  expect(readdirSync(room.outside)).toEqual(["secret.txt"]);
  expect(readFileSync(join(room.outside, "secret.txt"), "utf8")).toBe("secret");
  expect(answers.filter((answer) => /"(?:content|text)":"[^"]*secret/.test(answer))).toEqual([]);
  // Or else it says nothing.
  for (const tool of ["read_file", "list_files", "search_files", "write_file", "edit_file"]) {
    expect([tool, (counts.get(`${tool} ok`) ?? 0) > 0]).toEqual([tool, true]);
    expect([tool, (counts.get(`${tool} tool_denied`) ?? 0) > 0]).toEqual([tool, true]);
  }
  expect(room.names().filter((name) => name.includes(".mofa-"))).toEqual([]);
  expect(heldBelow(room.folder)).toEqual([]);
}, 120_000);

test("nothing is read outside where folders have no paths by their descriptors", async () => {
  const config = { ...fsConfig.defaults, roots: [] } as never;
  const root = await Root.at({ name: "work", path: room.inside, mode: "read" }, config, false);
  const places = new FsPlaces([root], config, () => {});
  const tools = [readFileTool(places), searchFilesTool(places)];
  const run = { signal: new AbortController().signal } as ToolRun;
  const { counts, answers } = await whileSwapped(
    async (tool, given) => await tools.find(({ name }) => name === tool)?.run(given as never, run),
    [
      ["read_file", () => ({ path: "work/door/secret.txt" })],
      ["read_file", () => ({ path: "work/file" })],
      ["search_files", () => ({ path: "work/door", text: "e" })],
    ],
  );
  expect(answers.filter((answer) => /"(?:content|text)":"[^"]*secret/.test(answer))).toEqual([]);
  for (const tool of ["read_file", "search_files"]) {
    expect([tool, (counts.get(`${tool} ok`) ?? 0) > 0]).toEqual([tool, true]);
    expect([tool, (counts.get(`${tool} tool_denied`) ?? 0) > 0]).toEqual([tool, true]);
  }
  expect(heldBelow(room.folder)).toEqual([]);
}, 120_000);
