/** `mofa run --chaos plan.json`: every kind of fault in one program, the same decisions in each run, and plans that are none. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { commands, run } from "../../cli/main.ts";
import { chaosReport, chaosText, readPlan } from "../../cli/run/chaos.ts";
import { checkFaultPlan } from "../../testing/index.ts";
import { packageRoot } from "../support/package-root.ts";
import { runProgram } from "../support/run-program.ts";

const entry = join(packageRoot, "cli", "mofa.cjs");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(packageRoot, "dist", "test", "chaos-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function mofaRun(...args: readonly string[]) {
  return runProgram(process.execPath, [entry, "run", ...args]);
}

/** A command line that ends before a program is loaded: all that it says, on either stream. */
async function inProcess(...args: readonly string[]) {
  const out = new PassThrough();
  const code = await run(["run", ...args], commands, { out, err: out });
  out.end();
  return { code, said: await text(out) };
}

const server = `
  import { defineServer } from "mofa";
  export const server = defineServer({ calls: { echo: (_, n) => n }, info: (_, message) => void message.number });
`;

describe("mofa run --chaos", () => {
  test("injects every kind of fault, and says on stderr and as JSON what it has done", async () => {
    write("server.ts", server);
    const program = write(
      "kinds.ts",
      `import { server } from "./server.ts";
       const own = { allocate: { isolation: "process", heapMb: 32 }, processKill: { isolation: "process" } };
       export async function main(system, kinds) {
         for (const name of kinds) {
           const ref = await system.spawn(server, undefined, { name, ...(own[name] ?? { turnLimitMs: 100 }) });
           const answer = await ref.call("echo", "fine", { timeoutMs: name === "drop" ? 50 : 20_000 }).catch(({ code }) => code);
           console.log(name, answer, answer === "fine" ? "" : await ref.call("echo", "again").catch(({ code }) => code));
         }
       }`,
    );
    const inTurns = ["throw", "loop", "loopAfterAwait", "regex", "exit", "kill", "allocate", "processKill"];
    const ofMessages = ["drop", "refuse", "delay"];
    const plan = write("kinds.json", {
      seed: 7,
      faults: [
        ...inTurns.map((kind) => ({ kind, actor: kind })),
        ...ofMessages.map((kind) => ({ kind, to: kind, times: 1, ...(kind === "delay" && { ms: 20 }) })),
        { kind: "poison", actor: "poison" },
        { kind: "allocate", actor: "poison", afterTurns: 9 },
        { kind: "threadLoss", actor: "threadLoss" },
      ],
    });
    const kinds = [...inTurns, ...ofMessages, "poison", "threadLoss"];
    const result = await mofaRun(program, "--threads", "1", "--chaos", plan, "--json", ...kinds);
    const lines = result.stdout.trimEnd().split("\n");
    expect(lines.slice(0, -1)).toEqual([
      "throw injected noproc",
      "loop turn_limit noproc",
      "loopAfterAwait turn_limit noproc",
      "regex turn_limit noproc",
      "exit exit_called noproc",
      "kill killed noproc",
      "allocate budget noproc",
      "processKill process_lost noproc",
      "drop timeout again",
      "refuse injected again",
      "delay fine ",
      "poison fine ",
      "threadLoss thread_lost noproc",
    ]);
    const injected = Object.fromEntries(kinds.map((kind) => [kind, 1]));
    expect(JSON.parse(lines.at(-1) ?? "")).toEqual({
      module: program,
      ended: "done",
      failure: null,
      chaos: {
        seed: 7,
        injected,
        skipped: { allocate: 1 },
        faults: expect.any(Array),
        never: [
          { fault: 12, kind: "allocate", why: expect.stringMatching(/^it could not strike .*1 skipped/), close: [] },
        ],
      },
    });
    expect(result.stderr).toContain("fault: faults[1] (loop) strikes loop\n");
    expect(result.stderr).toContain("warning: faults[12] (allocate) cannot strike poison: others share its heap");
    expect(result.stderr).not.toContain("strikes drop");
    expect(result.stderr).toMatch(
      /mofa run: faults injected with seed 7: throw 1, .*allocate 1 \(1 skipped\), .*\nfaults\[12\] \(allocate\) never struck: it could not .*\n$/,
    );
    expect(result.code).toBe(0);
  }, 40_000);

  test("decides alike with the same plan and seed, and otherwise with another", async () => {
    write("server.ts", server);
    const program = write(
      "chances.ts",
      `import { server } from "./server.ts";
       export async function main(system) {
         const children = [1, 2, 3, 4].map((id) => ({ id, name: "agent-" + id, start: [server] }));
         await system.supervise({ intensity: 1_000, childPlacement: "spread", children });
         for (const { name } of children) {
           const codes = [];
           for (let n = 0; n < 25; n++) {
             codes.push(await system.call(name, "echo", "-").catch(({ code }) => code[0]));
             await system.settled();
           }
           console.log(name, codes.join(""));
         }
       }`,
    );
    const plan = write("chances.json", {
      seed: 3,
      faults: [
        { kind: "throw", actor: "agent-*", probability: 0.2, times: 1_000 },
        { kind: "kill", actor: { child: "*" }, probability: 0.1, times: 1_000 },
        { kind: "refuse", to: "agent-*", probability: 0.1 },
      ],
    });
    const chances = async (...options: readonly string[]) => {
      const { code, stdout } = await mofaRun(program, "--threads", "2", "--chaos", plan, "--json", ...options);
      return { code, stdout };
    };
    const [first, second, other] = await Promise.all([chances(), chances(), chances("--seed", "4")]);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain('"seed":3');
    expect(second).toEqual(first);
    expect(other.stdout).toContain('"seed":4');
    expect(other.stdout.split("\n")[0]).not.toBe(first.stdout.split("\n")[0]);
  }, 40_000);

  test("says of each fault that never struck why, with names that were close, as text and as JSON", async () => {
    write("server.ts", server);
    const program = write(
      "never.ts",
      `import { server } from "./server.ts";
       export async function main(system) {
         await system.supervise({ children: [{ id: "parser", name: "worker-1", start: [server] }, { id: 2, name: "worker-2", start: [server] }] });
         for (const name of ["worker-1", "worker-2"]) await system.call(name, "echo", 1);
       }`,
    );
    const plan = write("never.json", {
      faults: [
        { kind: "throw", actor: "wroker-1" },
        { kind: "throw", actor: "parser" },
        { kind: "kill", actor: { child: "Parser" } },
        { kind: "drop", from: "client", to: "worker-2" },
        { kind: "throw", actor: "worker-*", afterTurns: 50 },
        { kind: "kill", actor: "worker-1", atMs: 600_000 },
        { kind: "threadLoss", thread: 1, atMs: 600_000 },
        { kind: "threadLoss", thread: 7, atMs: 0 },
        { kind: "delay", to: "worker-1", ms: 1 },
      ],
    });
    const { stderr, stdout, code } = await mofaRun(program, "--threads", "1", "--chaos", plan, "--json");
    expect(code).toBe(0);
    const { chaos } = JSON.parse(stdout) as { chaos: { never: { fault: number; why: string; close: string[] }[] } };
    expect(chaos.never.map(({ fault, why, close }) => [fault, why, close])).toEqual([
      [0, 'no actor had the name "wroker-1"', ["worker-1"]],
      [1, 'no actor had the name "parser": a child has that id, {"child":"parser"}', []],
      [2, 'no actor had a supervisor\'s id "Parser"', ["parser"]],
      [3, 'no sender had the name "client"', []],
      [4, "not reached: its actor had no turn that it could strike (afterTurns 50)", []],
      [5, "not reached: its time did not come while its actor was there (atMs 600000 from the plan's start)", []],
      [6, "not reached: its time did not come (atMs 600000 from the plan's start)", []],
      [7, "it could not strike what it was meant for (1 skipped, see the warnings)", []],
    ]);
    expect(stderr).toContain(
      "warning: faults[7] (threadLoss) cannot strike thread 7: no worker thread runs at position 7; those that run are at 1\n",
    );
    expect(stderr).toContain(
      'faults[0] (throw) never struck: no actor had the name "wroker-1"; close to it: "worker-1"\n',
    );
  }, 40_000);

  test("starts nothing with a plan that is none: one line with the file, the path in the plan, and what was expected", async () => {
    const plan = write("bad.json", {
      faults: [
        { kind: "throw", actor: "a" },
        { kind: "kill", actor: "b", times: -1 },
      ],
    });
    expect(await inProcess("never.ts", "--chaos", plan)).toEqual({
      code: 1,
      said: `mofa: ${plan}: a fault plan: faults[1].times is a whole number from 1, got -1 (bad_argument)\n`,
    });
  });

  test("is told by --help, and a seed without it is wrong usage", async () => {
    const help = (await inProcess("--help")).said.replaceAll(/\s+/g, " ");
    expect(help).toMatch(
      /--chaos <plan\.json> inject faults .*times count from the plan's start, before the program's/,
    );
    const said = "mofa run: --seed is the seed of a plan of faults: give it with --chaos plan.json\n";
    expect(await inProcess("never.ts", "--seed", "1")).toEqual({ code: 2, said });
  });
});

describe("the file of a plan", () => {
  test.each([
    ["is not there", undefined, "--chaos wants the file of a plan, and this one cannot be read: ENOENT"],
    ["is no JSON", "{ seed: 1 }", "this is no JSON: "],
    ["is empty", "", "this is no JSON: "],
    ["holds no plan", "[]", "a fault plan: the plan is { seed, faults: [ ... ] }, got"],
    ["has a stray key", '{"faults": [], "sed": 1}', 'a fault plan has "sed", and a plan takes seed, faults'],
    ["has an unknown kind", '{"faults": [{"kind": "trow"}]}', "faults[0].kind is throw, loop, "],
    ["names nobody", '{"faults": [{"kind": "loop"}]}', "faults[0].actor is a name such as"],
  ])("that %s is refused with its path", (_, content, words) => {
    const path = content === undefined ? join(folder, "nowhere.json") : write("plan.json", content);
    const refused = { code: "bad_argument", message: expect.stringContaining(`${path}: `) };
    expect(() => readPlan(path, undefined)).toThrow(expect.objectContaining(refused));
    expect(() => readPlan(path, undefined)).toThrow(words);
  });

  test("gives its seed, unless another is given", () => {
    const path = write("seeded.json", { seed: 5, faults: [] });
    expect([readPlan(path, undefined).seed, readPlan(path, 0).seed]).toEqual([5, 0]);
  });
});

test("what was injected is summed by kind, and skips are told where there were any", () => {
  const nobody = { names: new Set<string>(), children: new Set<string>() };
  const counts = [
    { fault: 0, kind: "throw", injected: 2, skipped: 0 },
    { fault: 1, kind: "loop", injected: 1, skipped: 3 },
    { fault: 2, kind: "throw", injected: 5, skipped: 0 },
  ] as const;
  const faults = counts.map(({ kind }) => ({ kind, actor: "a" }));
  const report = chaosReport(checkFaultPlan({ seed: 9, faults }), counts, nobody);
  expect(report).toMatchObject({ seed: 9, injected: { throw: 7, loop: 1 }, skipped: { loop: 3 } });
  expect(chaosText(report)).toBe("faults injected with seed 9: throw 7, loop 1 (3 skipped)");
  expect(chaosText(chaosReport(checkFaultPlan({ faults: [] }), [], nobody))).toBe("faults injected with seed 1: none");
});
