/** Processes that are killed while `tool-fs` writes leave no file by halves. Not in every placement: no actors but the plugin's. */
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { failPoints, wallMs } from "../../../core/index.ts";
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
    await room.start(system(), { leftoverMs: 0 });
    expect(leftovers()).toEqual([]);
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
  expect(leftovers()).toEqual([young, "folder"]);
  // No tool has them.
  expect(await tools.call("list_files", { path: "work" })).toMatchObject({ entries: [{ path: "work/folder" }] });
  while (room.has(young)) await tools.call("list_files");
});

test("a root that is only read keeps what is in it", async () => {
  const name = `.mofa-${"0".repeat(32)}.tmp`;
  room.put(name, "");
  await room.start(system(), { leftoverMs: 0, roots: [{ name: "work", path: join(room.inside), mode: "read" }] });
  expect(room.has(name)).toBe(true);
});
