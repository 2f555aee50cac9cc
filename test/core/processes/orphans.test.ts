/** Programs of their own: however a program ends, none of its actors' processes outlives it (core/SEMANTICS.md, S9.8). */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { goneFromSystem } from "../../support/in-process.ts";
import { packageRoot } from "../../support/package-root.ts";
import { type ProgramOptions, runProgram } from "../../support/run-program.ts";

const program = join(packageRoot, "dist/test/fixtures/programs/with-processes.js");

/** Runs it to its end; the lines after the one with the pids. */
async function run(how: string, options: ProgramOptions = {}) {
  const result = await runProgram(process.execPath, [program, how], options);
  const lines = result.stdout.trimEnd().split("\n");
  const at = lines.findIndex((line) => line.startsWith("["));
  const pids = JSON.parse(lines[at] ?? "[]") as number[];
  return { ...result, pids, lines: lines.slice(at + 1) };
}

test("S9.8: kill -9 of the program leaves no process: idle, in an endless loop, or standing still in a verb", async () => {
  const { pids, signal } = await run("held", {
    onStdout: (text, kill) => {
      if (text.includes("]\n")) kill("SIGKILL");
    },
  });
  expect([pids.length, signal]).toEqual([3, "SIGKILL"]);
  await Promise.all(pids.map(goneFromSystem));
});

test.each([
  ["exit", 7],
  ["throw", 1],
])("S9.8: a program that ends by %s leaves no process", async (how, expected) => {
  const { pids, code } = await run(how);
  expect([pids.length, code]).toEqual([3, expected]);
  await Promise.all(pids.map(goneFromSystem));
});

test("S9.8: when system.stop() resolves no process is left, and none was lost", async () => {
  const { pids, code, lines, stderr } = await run("stop");
  expect({ pids: pids.length, code, stderr, lines }).toEqual({
    pids: 3,
    code: 0,
    stderr: "",
    lines: ['end a "shutdown"', "lost 0 left 0"],
  });
  await Promise.all(pids.map(goneFromSystem));
});

test("S9.8: Ctrl-C, which reaches every process, ends a program in order that stops its system, and loses no process", async () => {
  const { pids, code, lines, stderr } = await run("interrupt");
  expect({ pids: pids.length, code, stderr, lines }).toEqual({
    pids: 3,
    code: 0,
    stderr: "",
    lines: ['end a "shutdown"', "lost 0"],
  });
  await Promise.all(pids.map(goneFromSystem));
});
