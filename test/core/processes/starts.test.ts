/** Real processes: a start that does not succeed ends in time, with what went wrong, and leaves no process (core/SEMANTICS.md, S9.5). */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { type Behaviour, startSystem } from "../../../index.ts";
import { moody } from "../../fixtures/modules/moody.ts";
import { bystander, overseer } from "../../fixtures/process-tests.ts";
import { inProcess, next, spawnDoer } from "../../support/in-process.ts";
import { packageRoot } from "../../support/package-root.ts";
import { runProgram } from "../../support/run-program.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, spare: false, clock: "system" });
/** For modules that never load. */
const impatient = useSystem({ threads: 1, spare: false, clock: "system", loadTimeoutMs: 300 });

const plain = moody as Behaviour<undefined>;

test.each([
  ["loop", "load_timeout", /moody\.js did not load in its process within loadTimeoutMs \(300 ms\)/],
  ["await", "load_timeout", /moody\.js did not load in its process within loadTimeoutMs \(300 ms\)/],
  ["throw", "module_failed", /moody\.js.*not in this mood/],
  ["exit", "start_failed", /exitCalled.*6/],
  ["starts a system", "started_while_loading", /import\.meta\.main/],
])("S9.5: a module that does not load in its process fails the start: %s", async (mood, code, message) => {
  const system = code === "load_timeout" ? impatient() : shared();
  const gone = next(system, "exited");
  const options = { ...inProcess, name: "moody", env: { MOOD: mood }, startTimeoutMs: 60_000 };
  await expect(system.spawn(plain, undefined, options)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as unknown,
  });
  await gone;
  expect(system.whereis("moody")).toBeUndefined();
});

test("S9.5: a behaviour that the module does not export in a process fails the start, and the message names what it exports", async () => {
  await expect(
    shared().spawn(moody as Behaviour<undefined>, undefined, { ...inProcess, env: { MOOD: "hide" } }),
  ).rejects.toMatchObject({
    code: "module_export_missing",
    message: expect.stringMatching(/no export "moody".*other/) as unknown,
  });
});

test("S9.5: a process that is not ready in time is no actor", async () => {
  await using system = await startSystem({ threads: 1, spare: false, processStartTimeoutMs: 1 });
  await expect(spawnDoer(system, { name: "late" })).rejects.toMatchObject({
    code: "process_failed",
    message: expect.stringMatching(/not ready within 1 ms: more time with processStartTimeoutMs/) as unknown,
  });
  expect(system.whereis("late")).toBeUndefined();
});

test("S9.5: startTimeoutMs counts from the spawn, the start of the process included", async () => {
  const system = shared();
  await expect(spawnDoer(system, { startTimeoutMs: 1 })).rejects.toMatchObject({ code: "init_timeout" });
});

test("S9.5: where Node refuses child processes the start fails with the flag that allows them, and others start", async () => {
  const { code, stdout, stderr } = await runProgram(process.execPath, [
    "--permission",
    "--disable-warning=PERM0006",
    // It is said when the watchdog is there, unless the program has ended by then.
    "--disable-warning=MOFA_WATCHDOG_LIMITED",
    "--allow-worker",
    "--allow-fs-read=*",
    join(packageRoot, "dist/test/fixtures/programs/refused-process.js"),
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [failure, others] = stdout.split("\n");
  expect(failure).toMatch(/^process_failed: .*start this one with --allow-child-process$/);
  expect(others).toBe("pong 0");
});

test("S9.6: a supervisor does not run in a process", async () => {
  await expect(shared().spawn(overseer, undefined, inProcess)).rejects.toMatchObject({
    code: "start_failed",
    message: expect.stringMatching(
      /overseer .* is a supervisor, and a process holds one actor without children/,
    ) as unknown,
  });
});

test("S9.5: after all these starts no process is left, and the next start succeeds", async () => {
  const system = shared();
  // An actor's end is not awaited by its process, which the operating system still takes down.
  while (system.processes().length + impatient().processes().length > 0) await new Promise(setImmediate);
  const ref = await system.spawn(bystander, undefined, inProcess);
  expect(await ref.call("ping")).toBe("pong");
  expect(system.processes().map((process) => process.ref.slot)).toEqual([ref.slot]);
});
