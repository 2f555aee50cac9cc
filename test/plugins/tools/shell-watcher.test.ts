/** The small process that ends what runs when the runtime is no more. Not in every placement: no actor runs. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "@jest/globals";
import { type ShellConfig, shellConfig } from "../../../plugins/tool-shell/config.ts";
import { runProgram } from "../../../plugins/tool-shell/program-run.ts";
import { Watcher } from "../../../plugins/tool-shell/watcher.ts";
import { livingWith, processToken, whenGone, whenLiving } from "../../support/process-table.ts";

const started: ChildProcess[] = [];

/** In a group of its own. */
async function sleeper(token: string, mark?: string): Promise<number> {
  const env = mark === undefined ? {} : { MOFA_RUN: mark };
  const child = spawn("/bin/sleep", [token], { detached: true, stdio: "ignore", env });
  started.push(child);
  await once(child, "spawn");
  return child.pid as number;
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

test("when its stdin ends it ends what has begun, by the group or by the mark, and leaves what has ended", async () => {
  const [byGroup, byMark, over, other] = [processToken(), processToken(), processToken(), processToken()];
  const watcher = new Watcher(0);
  watcher.begun("one", await sleeper(byGroup));
  watcher.begun("two");
  await sleeper(byMark, "two");
  watcher.begun("three", await sleeper(over, "three"));
  watcher.ended("three");
  await sleeper(other, "two-and-a-half");
  watcher.close();
  await whenGone(byGroup);
  await whenGone(byMark);
  while (watcher.pid !== undefined) await new Promise<void>((resolve) => setImmediate(resolve));
  expect([(await livingWith(over)).length, (await livingWith(other)).length]).toEqual([1, 1]);
});

test("one that somebody has ended has another in its place, which knows what it knew", async () => {
  const token = processToken();
  const watcher = new Watcher(0);
  watcher.begun("one", await sleeper(token));
  const first = watcher.pid as number;
  process.kill(first, "SIGKILL");
  while (watcher.pid === first || watcher.pid === undefined)
    await new Promise<void>((resolve) => setImmediate(resolve));
  await whenLiving(token, 1);
  watcher.close();
  await whenGone(token);
});

test.each([
  ["more arguments than the system takes", ["x".repeat(3_000_000)]],
  ["a zero in an argument", ["a\0b"]],
])("a program that cannot be started for %s is told as such, and not watched on", async (_what, args) => {
  const watcher = new Watcher(0);
  const config = shellConfig.defaults as unknown as ShellConfig;
  const program = { name: "echo", description: "", path: "/bin/echo" };
  const run = runProgram(program, { program: "echo", arguments: args }, config, watcher, new AbortController().signal);
  await expect(run).rejects.toMatchObject({
    code: "tool_failed",
    message: expect.stringContaining("could not be started"),
  });
  watcher.close();
  while (watcher.pid !== undefined) await new Promise<void>((resolve) => setImmediate(resolve));
  expect(watcher.isMissing).toBe(false);
});

test("the end of its thread is an end of its stdin", async () => {
  const token = processToken();
  const thread = new Worker(new URL("../../fixtures/watching-thread.js", import.meta.url), { workerData: token });
  await once(thread, "message");
  await whenLiving(token, 1);
  await thread.terminate();
  await whenGone(token);
});
