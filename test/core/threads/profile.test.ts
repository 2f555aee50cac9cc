/** Real threads: profiles of one of them, by its own inspector. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startSystem } from "../../../index.ts";
import { dawdler } from "../../fixtures/budgets.ts";
import { packageRoot } from "../../support/package-root.ts";
import { runProgram } from "../../support/run-program.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mofa-profile-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function written(file: string): { nodes: { callFrame: { functionName: string } }[]; snapshot: { node_count: number } } {
  return JSON.parse(readFileSync(file, "utf8"));
}

describe.each([
  ["main", 0],
  ["a scheduler thread", 1],
])("of %s", (_what, position) => {
  test("a CPU profile is there when it is over, and the thread goes on", async () => {
    await using system = await startSystem({ threads: 1, spare: false });
    const subject = await system.spawn(dawdler, {}, { placement: { thread: position } });
    const file = join(folder, `${position}.cpuprofile`);
    const profile = system.profile(position, { ms: 50, file });
    for (let n = 0; n < 100; n++) await subject.call("ping");
    await profile;
    const names = written(file).nodes.map(({ callFrame: { functionName } }) => functionName);
    expect(names).toContain("(root)");
    expect(await subject.call("ping")).toBe("pong");
  });

  test("a heap snapshot is there when it is over, and the thread goes on", async () => {
    await using system = await startSystem({ threads: 1, spare: false, turnLimitMs: 20 });
    const subject = await system.spawn(dawdler, {}, { placement: { thread: position } });
    const file = join(folder, `${position}.heapsnapshot`);
    await system.profile(position, { kind: "heap", file });
    expect(written(file).snapshot.node_count).toBeGreaterThan(1_000);
    expect(await subject.call("ping")).toBe("pong");
  });

  test("a file that cannot be written is profile_failed, and nothing else ends", async () => {
    await using system = await startSystem({ threads: 1, spare: false });
    const subject = await system.spawn(dawdler, {}, { placement: { thread: position } });
    const file = join(folder, "nowhere", "x");
    for (const kind of ["cpu", "heap"] as const)
      await expect(system.profile(position, { kind, ms: 5, file })).rejects.toMatchObject({
        code: "profile_failed",
        message: expect.stringMatching(/^the profile could not be taken: ENOENT.*nowhere/),
      });
    expect(await subject.call("ping")).toBe("pong");
  });
});

test("what is no thread and what is no profile is refused, and nothing is written", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const file = join(folder, "refused");
  await expect(system.profile(7, { file })).rejects.toMatchObject({ code: "invalid_placement" });
  for (const options of [{ file, kind: "disk" }, { file, ms: 0 }, { file: "" }, { file, wrong: 1 }])
    await expect(system.profile(1, options as never)).rejects.toMatchObject({ code: "bad_argument" });
  expect(existsSync(file)).toBe(false);
});

test("the end of its thread ends a profile with thread_lost", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const subject = await system.spawn(dawdler, {}, { placement: { thread: 1 } });
  const profile = system.profile(1, { ms: 60_000, file: join(folder, "lost") });
  const lost = expect(profile).rejects.toMatchObject({ code: "thread_lost" });
  await subject.call("ping");
  await system.terminateThread(1);
  await lost;
});

test("where the inspector is refused that is the error", async () => {
  const program = join(packageRoot, "dist/test/fixtures/programs/refused-profile.js");
  const { code, stdout } = await runProgram(process.execPath, [
    "--permission",
    "--allow-fs-read=*",
    "--allow-worker",
    program,
  ]);
  const line =
    "profile_failed: the profile could not be taken: the inspector is refused (--permission without --allow-inspector)\n";
  expect([code, stdout]).toEqual([0, line + line]);
});
