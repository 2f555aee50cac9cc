/** What users see of each key of `tool-fs`. */
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wallMs } from "../../../core/index.ts";
import { fsConfig } from "../../../plugins/tool-fs/config.ts";
import { toolFs } from "../../../plugins/tool-fs/index.ts";
import type { Config, KeyRun, KeyTable } from "./key-table.ts";
import { toolKeys } from "./tool-keys.ts";

const name = "tool-fs";
const folder = mkdtempSync(join(tmpdir(), "mofa-fs-table-"));
const roots = [{ name: "work", path: folder, mode: "write" }];
const leftover = join(folder, ".mofa-00000000000000000000000000000000.tmp");

/** In many pieces, and so in many turns. */
const slow = { tool: "search_files", arguments: { path: "work/long.txt", text: "none" }, timeoutMs: 1 };

const look =
  (tool: string, given: Config, more: Config = {}) =>
  async ({ start, call }: KeyRun) => {
    await start({ approval: "none", ...more });
    return await call("callTool", { name: tool, arguments: given });
  };

export const table: KeyTable = {
  plugin: toolFs,
  name,
  schema: fsConfig,
  base: { roots },
  async refresh() {
    for (const entry of readdirSync(folder)) rmSync(join(folder, entry), { recursive: true });
    writeFileSync(join(folder, "a.txt"), "some text\nand some more\n");
    writeFileSync(join(folder, "long.txt"), "a line\n".repeat(500_000));
    mkdirSync(join(folder, "b", "c"), { recursive: true });
    writeFileSync(join(folder, "b", "c", "d.txt"), "some text\n");
  },
  remove: async () => rmSync(folder, { recursive: true }),
  keys: {
    ...toolKeys({ name, call: { tool: "list_files", arguments: { path: "work" } }, slow }),
    roots: {
      from: roots,
      changed: [{ name: "work", path: folder, mode: "read" }],
      look: look("write_file", { path: "work/new.txt", content: "a" }),
    },
    maxFileBytes: { changed: 3, look: look("write_file", { path: "work/new.txt", content: "four" }) },
    maxReadBytes: { changed: 10, look: look("read_file", { path: "work/a.txt" }) },
    maxWrittenBytes: { changed: 3, look: look("write_file", { path: "work/new.txt", content: "four" }) },
    maxCreated: { changed: 1, look: look("write_file", { path: "work/e/new.txt", content: "four" }) },
    maxEntries: { changed: 1, look: look("list_files", { path: "work" }) },
    maxMatches: { changed: 1, look: look("search_files", { path: "work", text: "some" }) },
    maxVisited: { changed: 1, look: look("list_files", { path: "work", depth: 3 }) },
    maxDepth: { changed: 2, look: look("search_files", { path: "work", text: "some" }) },
    hardLinks: {
      changed: "allow",
      async look(run) {
        linkSync(join(folder, "a.txt"), join(folder, "also.txt"));
        return await look("read_file", { path: "work/also.txt" })(run);
      },
    },
    leftoverMs: {
      changed: 1_000,
      async look(run) {
        writeFileSync(leftover, "");
        const aMinuteAgoS = wallMs() / 1_000 - 60;
        utimesSync(leftover, aMinuteAgoS, aMinuteAgoS);
        await look("list_files", { path: "work" })(run);
        return readdirSync(folder);
      },
    },
  },
};
