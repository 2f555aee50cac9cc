/** Processes that are killed while `tool-fs` writes leave no file by halves. Not in every placement: no actors but the plugin's. */
import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { failPoints, wallMs } from "../../../core/index.ts";
import { type FsConfig, fsConfig } from "../../../plugins/tool-fs/config.ts";
import { removeLeftovers } from "../../../plugins/tool-fs/leftovers.ts";
import { hasDescriptorPaths, Root } from "../../../plugins/tool-fs/root.ts";
import { FsRoom } from "../../support/fs-room.ts";
import { runProgram } from "../../support/run-program.ts";
import { useSystem } from "../../support/use-system.ts";

const program = fileURLToPath(new URL("../../fixtures/programs/file-writer.js", import.meta.url));
const system = useSystem({ clock: "system", threads: 1 });
const bytes = 3_000_000;
let room: FsRoom;
beforeEach(() => {
  room = new FsRoom();
});
afterEach(() => room[Symbol.asyncDispose]());

const leftovers = () => room.names().filter((name) => name !== "a");
const temporary = `.mofa-${"0".repeat(32)}.tmp`;
/** So many files, and behind them a temporary one. */
const fill = (files: number) => {
  for (let at = 0; at < files; at++) room.put(`${at}`, "");
  room.put(`last/${temporary}`, "");
};
/** What it has, when it is whole. */
const letterOf = (content: string) => (content === content[0]?.repeat(bytes) ? content[0] : "torn");

test.each(failPoints.flatMap((point) => [1, 2, 5].map((time) => [point, time] as const)))(
  "killed at %s of write %i, the file is the one before or the new one",
  async (point, time) => {
    const env = { ...process.env, MOFA_FAIL_POINT: `${point}:${time}` };
    const { signal, stdout } = await runProgram(process.execPath, [program, room.inside, `${bytes}`], { env });
    expect([signal, stdout.length]).toEqual(["SIGKILL", time - 1]);
    const isNamed = point === "before-answer";
    const writes = isNamed ? time : time - 1;
    if (writes === 0) expect(room.has("a")).toBe(false);
    else expect(letterOf(room.get("a"))).toBe("abcde"[writes - 1]);
    expect(leftovers().length).toBe(isNamed ? 0 : 1);
    // What it has left behind.
    const tools = await room.start(system(), { leftoverMs: 0 });
    while (leftovers().length > 0) await tools.call("list_files");
  },
);

test("killed at any time, the file is whole, and one that was answered is not lost", async () => {
  for (let kill = 0; kill < 8; kill++) {
    const { stdout, signal } = await runProgram(process.execPath, [program, room.inside, `${bytes}`], {
      onStdout: (text, end) => {
        if (text.length > kill) end("SIGKILL");
      },
    });
    expect(signal).toBe("SIGKILL");
    const last = stdout.at(-1) as string;
    const next = String.fromCharCode(last.charCodeAt(0) + 1);
    expect([last, next]).toContain(letterOf(room.get("a")));
  }
});

test("a temporary file that is young may be of somebody who writes now, and stays until it is old", async () => {
  const [young, old] = ["0", "1"].map((digit) => `.mofa-${digit.repeat(32)}.tmp`) as [string, string];
  room.put(young, "");
  const file = room.put(`folder/${old}`, "");
  const anHourAgoS = wallMs() / 1_000 - 3_600;
  utimesSync(file, anHourAgoS, anHourAgoS);
  const tools = await room.start(system(), { leftoverMs: 1_000 });
  while (room.has(`folder/${old}`)) await tools.call("list_files");
  expect(leftovers()).toEqual([young, "folder"]);
  // No tool has them.
  expect(await tools.call("list_files", { path: "work" })).toMatchObject({ entries: [{ path: "work/folder" }] });
  while (room.has(young)) await tools.call("list_files");
});

test("a root that is only read keeps what is in it", async () => {
  room.put(temporary, "");
  const other = join(room.outside, temporary);
  writeFileSync(other, "");
  const roots = [
    { name: "work", path: room.inside, mode: "read" },
    { name: "other", path: room.outside, mode: "write" },
  ] as const;
  const tools = await room.start(system(), { leftoverMs: 0, roots });
  while (existsSync(other)) await tools.call("list_files");
  expect(room.has(temporary)).toBe(true);
});

test("a start does not wait until a large folder was looked through", async () => {
  fill(10_000);
  const tools = await room.start(system(), { leftoverMs: 0 });
  expect(room.has(`last/${temporary}`)).toBe(true);
  while (room.has(`last/${temporary}`)) await tools.call("list_files");
});

test("a look through a folder that is cut short is told", async () => {
  fill(10);
  const told = Promise.withResolvers<string>();
  const stop = system().events.on("log", ({ level, message }) => {
    if (level === "warning") told.resolve(message);
  });
  await room.start(system(), { leftoverMs: 0, maxVisited: 5 });
  expect(await told.promise).toBe(
    "tool-fs: work was looked through for old temporary files only up to maxVisited (5): the others stay",
  );
  stop();
  expect(room.has(`last/${temporary}`)).toBe(true);
});

test("a look through a folder ends with the plugin, and that is nothing to warn of", async () => {
  fill(10);
  const end = new AbortController();
  const config = { ...(fsConfig.defaults as unknown as FsConfig), leftoverMs: 0 };
  const roots = [await Root.at({ name: "work", path: room.inside, mode: "write" }, config, await hasDescriptorPaths())];
  const warnings: unknown[] = [];
  const warn = (error: unknown) => void warnings.push(error);
  const removed = removeLeftovers({ roots, bounds: config, wallMs, warn, signal: end.signal });
  end.abort();
  await removed;
  expect([room.has(`last/${temporary}`), warnings]).toEqual([true, []]);
});
