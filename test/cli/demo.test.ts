/** `mofa demo` as a person runs it: a process of its own, on a small folder and with few agents. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { WorkPlan } from "../../cli/demo/work-plan.ts";
import { countFiles } from "../support/count-words.ts";
import { packageRoot } from "../support/package-root.ts";
import { runProgram } from "../support/run-program.ts";

const entry = join(packageRoot, "cli", "mofa.cjs");
let folder: string;
let texts: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mofa-demo-"));
  const write = (name: string, content: string | Buffer) => {
    const path = join(folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  texts = [
    write("a/words.txt", `${"x".repeat(4_090)} cut-by-the-border and more\n`),
    write("a/umlauts.txt", "ä\u00a0→ 😀\u3000".repeat(2_000)),
    write("one-word", "y".repeat(20_000)),
    write("empty", ""),
    write(".hidden", "seen too\n\n"),
    write("z.txt", "line\n".repeat(9_000)),
  ];
  write("picture", Buffer.from([0x89, 0x50, 0, 0, 1]));
  for (const passedOver of ["node_modules", "dist", ".git", "b/node_modules"]) write(`${passedOver}/x.txt`, "no\n");
});

afterAll(() => rmSync(folder, { recursive: true }));

function demo(...args: string[]) {
  return runProgram(process.execPath, [entry, "demo", folder, ...args]);
}

describe("mofa demo", () => {
  const seen: { planHash?: string } = {};

  test("loses no task to its faults, and counts what wc counts", async () => {
    const report = join(folder, "mofa-report");
    const { code, stdout, stderr } = await demo("--json", "--agents", "200", "--seed", "5", "--report", report);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const result = JSON.parse(stdout);
    expect(result).toEqual({
      agents: 200,
      threads: expect.any(Number),
      planHash: expect.stringMatching(/^[0-9a-f]{16}$/),
      result: countFiles(texts),
      tasks: { submitted: 1_000, done: 1_000, retried: expect.any(Number), lost: 0 },
      bus: { published: expect.any(Number), delivered: expect.any(Number), dropped: 0, deadLettered: 0 },
      faults: { thrown: 2, looped: 3, exited: 1, threadsLost: 1, processesLost: 2, poisoned: 1 },
      models: {
        tokens: expect.any(Number),
        toolCalls: expect.any(Number),
        sessionsRecovered: expect.any(Number),
        budgetStops: 4,
      },
      restarts: expect.any(Number),
      kills: 3,
      processEnds: expect.arrayContaining([
        { by: "SIGKILL", reason: { processLost: { signal: "SIGKILL" } } },
        { by: expect.stringMatching(/^SIG/), reason: { budget: { heapMb: 64 } } },
      ]),
      runaway: expect.stringMatching(/at (spin|backtrack) .*demo\/fault/),
      recoveryMs: { p50: expect.any(Number), p99: expect.any(Number) },
      memory: { rssMb: expect.any(Number), peakRssMb: expect.any(Number) },
      durationMs: expect.any(Number),
    });
    // 24 conversations of three turns, each with a call of a tool; of those that were killed some had answered before.
    const { tokens, toolCalls, sessionsRecovered } = result.models;
    expect(toolCalls).toBeGreaterThanOrEqual(72);
    expect(tokens).toBeGreaterThan(72);
    expect(sessionsRecovered).toBeGreaterThan(0);
    // Each result is for one subscription. What a lost thread had published and not sent reached none.
    const { published, delivered } = result.bus;
    expect(delivered).toBeGreaterThanOrEqual(1_001); // one task is done again, after its throw
    expect(delivered).toBeLessThanOrEqual(published);
    // Two throws, three readers of the poison, three loops, an exit, two processes, and the agents of the thread.
    expect(result.restarts).toBeGreaterThan(11);
    expect(result.threads).toBeGreaterThanOrEqual(2);
    const written = JSON.parse(readFileSync(join(report, "report.json"), "utf8"));
    expect(written).toMatchObject({ ...result, seed: 5 });
    expect(written.timeline[0]).toMatchObject({ atMs: 0, done: 0 });
    expect(written.timeline.at(-1)).toMatchObject({ done: result.tasks.done });
    expect(readFileSync(join(report, "timeline.svg"), "utf8")).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(result.planHash).toBe(new WorkPlan({ agents: 200, seed: 5, hasFaults: true }).planHash);
    seen.planHash = result.planHash;
  });

  test("has the same plan for the same seed, on other threads too, and says in words how it went", async () => {
    const { code, stdout, stderr } = await demo("--agents", "200", "--seed", "5", "--threads", "3");
    expect(code).toBe(0);
    expect(stdout).toContain("Nothing was lost.");
    expect(stdout).toContain("200 on 3 threads");
    expect(stdout).toContain(`plan ${seen.planHash}`);
    expect(stderr).toMatch(/^mofa demo: \d+ slices of 6 files\n/);
  });

  test("counts the same without faults", async () => {
    const { code, stdout } = await demo("--json", "--agents", "50", "--no-faults");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      result: countFiles(texts),
      tasks: { submitted: 250, done: 250, retried: 0, lost: 0 },
      bus: { dropped: 0, deadLettered: 0 },
      faults: { thrown: 0, looped: 0, exited: 0, threadsLost: 0, processesLost: 0, poisoned: 0 },
      models: { toolCalls: 72, sessionsRecovered: 0, budgetStops: 4 },
      restarts: 0,
      kills: 0,
      processEnds: [],
      runaway: null,
      recoveryMs: { p50: null, p99: null },
    });
    // What the plugins of those that think ask one another goes over it, too.
    const { published, delivered } = JSON.parse(stdout).bus;
    expect(published).toBeGreaterThanOrEqual(250);
    expect(delivered).toBe(published);
  });

  test("loses nothing where the inspector is refused: then a runaway turn takes its thread with it", async () => {
    const allowed = ["--permission", "--allow-fs-read=*", "--allow-worker", "--allow-child-process"];
    const args = [...allowed, entry, "demo", folder, "--json", "--agents", "200", "--seed", "5"];
    const { code, stdout, stderr } = await runProgram(process.execPath, args);
    expect({ code, said: code === 0 ? "" : stderr }).toEqual({ code: 0, said: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      planHash: seen.planHash,
      result: countFiles(texts),
      tasks: { submitted: 1_000, done: 1_000, lost: 0 },
      faults: { thrown: 2, looped: 3, exited: 1, processesLost: 2, poisoned: 1 },
    });
    // Three loops and the thread of the plan.
    expect(JSON.parse(stdout).faults.threadsLost).toBeGreaterThanOrEqual(4);
  });

  test("lists the files that it would count", async () => {
    const { code, stdout } = await demo("--list");
    expect(code).toBe(0);
    expect(stdout.split("\n").slice(0, -1).sort()).toEqual([...texts].sort());
  });

  test("finds the project's own words alike in every locale of wc: each has a character of ASCII", async () => {
    const { stdout } = await runProgram(process.execPath, [entry, "demo", packageRoot, "--list"]);
    const files = stdout.split("\n").slice(0, -1);
    expect(files.length).toBeGreaterThan(100);
    // Without a locale wc passes over words that it cannot print, with one it counts them.
    const strange = files.flatMap((file) =>
      (readFileSync(file, "utf8").match(/[^ \t-\r]+/g) ?? [])
        .filter((word) => !/[!-~]/.test(word))
        .map((word) => ({ file, word })),
    );
    expect(strange).toEqual([]);
  });

  test("Ctrl-C in the middle stops it in order: 130, and no process is left", async () => {
    const child = spawn(process.execPath, [entry, "demo", folder, "--agents", "200", "--seconds", "60"], {
      stdio: ["ignore", "ignore", "pipe"],
      detached: true, // a process group of its own, to see who is left in it
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      const wasUp = said.includes("agents up");
      said += piece;
      if (!wasUp && said.includes("agents up")) child.kill("SIGINT");
    });
    const [code, signal] = await once(child, "close");
    expect({ code, signal }).toEqual({ code: 130, signal: null });
    expect(said).toMatch(/mofa demo: interrupted, and stopped in order\n$/);
    expect(() => process.kill(-(child.pid ?? 0), 0)).toThrow(expect.objectContaining({ code: "ESRCH" }));
  }, 30_000);

  test("is found under its name while it works, and its agents are listed", async () => {
    const env = { ...process.env, XDG_RUNTIME_DIR: folder };
    let asked: ReturnType<typeof runProgram> | undefined;
    const args = [entry, "demo", folder, "--agents", "20", "--no-faults", "--seconds", "60"];
    const { code, stderr } = await runProgram(process.execPath, args, {
      env,
      onStderr: (text, kill) => {
        if (asked !== undefined || !text.includes("20 of 20 agents up")) return;
        asked = runProgram(process.execPath, [entry, "ps", "--system", "demo", "--match", "agent*", "--json"], { env });
        void asked.finally(() => kill("SIGINT"));
      },
    });
    expect(await asked).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse((await asked)?.stdout ?? "")).toMatchObject({ matching: 20, unanswered: [] });
    expect({ code, stderr }).toEqual({
      code: 130,
      stderr: expect.stringMatching(/mofa demo: interrupted, and stopped in order\n$/),
    });
  }, 30_000);

  const hasProc = existsSync("/proc/self/stat");
  (hasProc ? test : test.skip)(
    "survives kill -9 of its processes from outside, also while they start, and loses nothing",
    async () => {
      const child = spawn(process.execPath, [entry, "demo", folder, "--json", "--agents", "200"], {
        stdio: ["ignore", "pipe", "ignore"],
        detached: true, // a process group of its own, by which its processes are found
      });
      const closed = once(child, "close");
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (piece: string) => {
        said += piece;
      });
      const killed = new Set<number>();
      const kills = 5;
      while (child.exitCode === null && killed.size < kills) {
        await once(AbortSignal.timeout(20), "abort");
        const [pid] = processesOf(child.pid as number).filter((one) => !killed.has(one));
        if (pid === undefined) continue;
        if (isKilled(pid)) killed.add(pid);
      }
      const [code] = await closed;
      expect({ code, kills: killed.size }).toEqual({ code: 0, kills });
      const result = JSON.parse(said);
      expect(result).toMatchObject({ result: countFiles(texts), tasks: { submitted: 1_000, done: 1_000, lost: 0 } });
      const signals = result.processEnds.map(({ by }: { by: string }) => by);
      // The plan kills one more.
      expect(signals.filter((by: string) => by === "SIGKILL")).toHaveLength(kills + 1);
    },
    60_000,
  );

  test.each([
    [["--agents", "0"], 2, "A whole number from 1 to"],
    [["--seed", "x"], 2, "A whole number from 0 to"],
    [["--bad"], 2, "unknown option '--bad'"],
  ])("ends with wrong usage: %j", async (args, code, words) => {
    const result = await demo(...args);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(words);
  });

  test.each([
    [["--report", ""], "It is empty; `.` is this folder."],
    [
      ["--agents", "1", "--report", "a/words.txt/below"],
      "a/words.txt/below: give a folder that can be written to, or made",
    ],
    [["--agents", "1", "--report", "/proc/nowhere"], "/proc/nowhere: give a folder that can be written to, or made"],
  ])("refuses a report's folder before the work: %j", async (args, words) => {
    const result = await runProgram(process.execPath, [entry, "demo", folder, ...args], { cwd: folder });
    expect(result).toMatchObject({ code: args[1] === "" ? 2 : 1, stdout: "" });
    expect(result.stderr).toContain(words);
    expect(result.stderr).not.toContain("slices");
  });

  test("an empty folder's name is not this folder", async () => {
    const result = await runProgram(process.execPath, [entry, "demo", ""], { cwd: folder });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain("It is empty");
  });

  const hasFull = existsSync("/dev/full");
  (hasFull ? test : test.skip)("says that its result cannot be written, and fails", async () => {
    const shell = 'exec "$0" "$@" >/dev/full';
    const command = [process.execPath, entry, "demo", folder, "--list"];
    const result = await runProgram("/bin/sh", ["-c", shell, ...command]);
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^mofa: standard output cannot be written: ENOSPC/),
    });
    expect(result.stderr.split("\n")).toHaveLength(2);
  });

  test("says which folder is not there", async () => {
    const result = await runProgram(process.execPath, [entry, "demo", join(folder, "nowhere")]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain(`no folder ${join(folder, "nowhere")}`);
  });
});

/** Actors' processes that live in the process group. */
function processesOf(group: number): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      if (Number.isNaN(pid)) return false;
      try {
        const [state, , itsGroup] = readFileSync(`/proc/${pid}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ");
        const isActor = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("process-entry");
        return state !== "Z" && Number(itsGroup) === group && isActor;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // It has ended since the folder was read.
        if (code === "ENOENT" || code === "ESRCH") return false;
        throw error;
      }
    });
}

/** False: it has ended since it was seen. */
function isKilled(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as { readonly code?: string }).code === "ESRCH") return false;
    throw error;
  }
}
