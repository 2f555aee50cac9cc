/** `mofa run` as a person runs it: processes of their own, and programs that find `mofa` as an installed one does. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { NamedPipe } from "../support/named-pipe.ts";
import { packageRoot } from "../support/package-root.ts";
import { type ProgramOptions, runProgram } from "../support/run-program.ts";

const entry = join(packageRoot, "cli", "mofa.cjs");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(packageRoot, "dist", "test", "run-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, source: string): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
}

function mofaRun(args: readonly string[], options: ProgramOptions = {}) {
  return runProgram(process.execPath, [entry, "run", ...args], options);
}

/** Once it has said so, as a person would press Ctrl-C. */
function interruptAt(words: string): ProgramOptions {
  let isSent = false;
  return {
    onStdout: (text, kill) => {
      if (isSent || !text.includes(words)) return;
      isSent = true;
      kill("SIGINT");
    },
  };
}

const worker = `
  import { defineServer } from "mofa";
  export const worker = defineServer({
    init: (name: string, ctx) => { ctx.trapExit(true); console.log("up: " + name); return name; },
    terminate: (name, reason) => console.log("down: " + name + ", " + reason),
  });
`;

describe("mofa run", () => {
  test("runs main(system, args) and ends with it; what comes after -- is the program's own", async () => {
    const program = write(
      "main.ts",
      `import type { MofaSystem } from "mofa";
       export async function main(system: MofaSystem, args: readonly string[]) {
         console.log(system.threads, args.join(" "));
       }`,
    );
    const result = await mofaRun([program, "a", "--threads", "2", "--", "b", "--port", "3"]);
    expect(result).toEqual({ code: 0, signal: null, stdout: "3 a b --port 3\n", stderr: "" });
  });

  test("starts a root supervisor, and stops it in order at Ctrl-C: last started, first stopped, 130", async () => {
    write("worker.ts", worker);
    const program = write(
      "tree.ts",
      `import type { SupervisorSetup } from "mofa";
       import { worker } from "./worker.ts";
       const placement = { thread: 0 };
       export const supervisor: SupervisorSetup = {
         children: [{ id: 1, start: [worker, "one"], placement }, { id: 2, start: [worker, "two"], placement }],
       };`,
    );
    const result = await mofaRun([program], interruptAt("up: two"));
    expect(result).toEqual({
      code: 130,
      signal: null,
      stdout: "up: one\nup: two\ndown: two, shutdown\ndown: one, shutdown\n",
      stderr: "",
    });
  });

  test("Ctrl-C while children are starting stops those that have, starts no more, and is 130", async () => {
    write(
      "slow.ts",
      `import { defineServer } from "mofa";
       export const slow = defineServer({ init: () => { console.log("starting"); return new Promise(() => {}); } });`,
    );
    const program = write(
      "starting.ts",
      `import { worker } from "./worker.ts";
       import { slow } from "./slow.ts";
       const placement = { thread: 0 };
       export const supervisor = { children: [
         { id: 1, start: [worker, "one"], placement }, { id: 2, start: [slow], placement }, { id: 3, start: [worker, "three"] },
       ] };`,
    );
    expect(await mofaRun([program], interruptAt("starting"))).toEqual({
      code: 130,
      signal: null,
      stdout: "up: one\nstarting\ndown: one, shutdown\n",
      stderr: "",
    });
  });

  test("a system that ends by itself is told, and is 1, whether or not main goes on", async () => {
    const program = write(
      "given-up.mjs",
      `export async function main(system, [how]) {
         system.submit({ to: "nobody", call: "work" }).result().catch(() => undefined);
         await system.settled();
         system.exit(system.whereis("system.supervisor"), "kill");
         if (how === "waits") await new Promise(() => {});
         await system.ended;
       }`,
    );
    const file = "given-up.mjs";
    for (const how of ["waits", "ends"]) {
      const { code, stderr } = await mofaRun([program, how]);
      expect([code, stderr]).toEqual([1, expect.stringContaining(`${file}: the system ended: killed\n`)]);
    }
  });

  test("a crash is told with the call and the program's own frames, and so is the call that main fails with", async () => {
    const program = write(
      "frames.mjs",
      `import { defineServer } from "mofa";
       export const server = defineServer({
         turnLimitMs: 100,
         calls: {
           loop: () => { for (;;); },
           divide: (_s, by) => { if (by === 0) throw new RangeError("division by zero"); },
         },
       });
       export async function main(system) {
         await system.supervise({ intensity: 2, children: [{ id: "server", name: "server", start: [server] }] });
         await system.call("server", "loop").catch(() => undefined);
         await system.settled();
         await system.call("server", "divide", 0);
       }`,
    );
    const { stderr } = await mofaRun([program]);
    const reports = "error: Supervisor: 0.1.0. Context: child_terminated. Reason:";
    expect(stderr.replaceAll(/\(file:.*?frames\.mjs:(\d+):\d+\)/g, "(line $1)").replaceAll(/,ref=[\d.]+\d/g, "")).toBe(
      [
        "crash: server server on call loop(): turnLimit: 100",
        "    at loop (line 5)",
        `${reports} { turnLimit: 100 }. Offender: id=server.`,
        "crash: server server on call divide(0): RangeError: division by zero",
        "    at divide (line 6)",
        `${reports} error: division by zero. Offender: id=server.`,
        "mofa: RuntimeError: division by zero",
        "    at async main (line 13)",
        "",
      ].join("\n"),
    );
  });

  test("starts a supervisor behaviour by default, and fails when it gives up, with every crash on stderr", async () => {
    const program = write(
      "failing.mjs",
      `import { defineActor, defineSupervisor } from "mofa";
       export const failing = defineActor({ name: "failing", init: (_, ctx) => ctx.self.send("go"), receive: () => { throw new Error("out of paper", { cause: new Error("tray is empty") }); } });
       export default defineSupervisor((args) => ({ intensity: 0, children: [{ id: args[0], start: [failing] }] }));`,
    );
    const result = await mofaRun([program, "printer"]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr.match(/failing\.mjs:\d+:\d+/g)?.length).toBe(2); // a stack for the error and one for its cause
    expect(result.stderr).toMatch(/\n {2}\[cause\]: Error: tray is empty\n/);
    expect(result.stderr).toMatch(
      /error: Supervisor: .* Context: child_terminated\. Reason: error: out of paper\. Offender: id=printer,ref=\S+\n/,
    );
    expect(result.stderr).toMatch(/^crash: failing \S+ on 'go': Error: out of paper\n {4}at .*failing\.mjs/);
    expect(result.stderr).toMatch(
      /error: Supervisor: .* Context: shutdown\. Reason: reached_max_restart_intensity\. Offender: id=printer/,
    );
    expect(result.stderr).toMatch(/failing\.mjs: the root supervisor gave up: its children failed too often\n$/);
  });

  test("the reason of a tree that does not start is short on every level, and its stack is told once", async () => {
    const program = write(
      "unstartable.mjs",
      `import { defineActor, defineSupervisor } from "mofa";
       export const leaf = defineActor({ init: () => { throw new Error("no ink"); }, receive: () => {} });
       export const branch = defineSupervisor(() => ({ children: [{ id: "leaf", start: [leaf] }] }));
       export const supervisor = { children: [{ id: "branch", start: [branch], type: "supervisor" }] };`,
    );
    const { stderr } = await mofaRun([program]);
    expect(stderr.match(/^ {4}at .*init .*unstartable\.mjs/gm)?.length).toBe(1);
    expect(stderr).toMatch(/Context: start_error\. Reason: error: no ink\. Offender: id=leaf,/);
    expect(stderr).toMatch(
      /Context: start_error\. Reason: failed_to_start_child "leaf": error: no ink\. Offender: id=branch,/,
    );
  });

  test.each([
    ["Ctrl-C ends a program", "await new Promise(() => {});", 130],
    ["a throw ends a program", "throw new Error('no luck');", 1],
    ["an end of main ends a program", "", 0],
  ])("%s that has a timer open", async (_, ending, code) => {
    const program = write(
      `timer-${code}.ts`,
      `export async function main(system) { setInterval(() => {}, 1_000); console.log("up"); ${ending} }`,
    );
    expect(await mofaRun([program], interruptAt(code === 130 ? "up" : "never"))).toMatchObject({
      code,
      stdout: "up\n",
    });
  });

  test("a second Ctrl-C ends a program of which native code holds a thread, by that signal", async () => {
    using pipe = new NamedPipe();
    const program = write(
      "held.ts",
      `import { readFileSync } from "node:fs";
       import { defineServer } from "mofa";
       export const reader = defineServer({ calls: { read: (_, path) => readFileSync(path, "utf8") } });
       export async function main(system, [path]) {
         const ref = await system.spawn(reader, undefined, { placement: { thread: 1 } });
         // The second counts when it comes half a second later.
         process.once("SIGINT", () => setTimeout(() => console.log("again"), 600));
         console.log("up");
         await ref.call("read", path, { timeoutMs: Infinity });
       }`,
    );
    let presses = 0;
    const result = await mofaRun([program, pipe.path], {
      onStdout: (text, kill) => {
        if (presses === 0) void pipe.isRead().then(() => kill("SIGINT"));
        else if (presses === 1 && text.includes("again")) kill("SIGINT");
        else return;
        presses++;
      },
    });
    expect(result).toMatchObject({ code: null, signal: "SIGINT" });
  });

  test("Ctrl-C says at once for whom it waits, and that a second one ends it", async () => {
    const program = write(
      "looping.ts",
      `import { writeSync } from "node:fs";
       import { defineServer } from "mofa";
       export const looper = defineServer({ casts: { loop: () => { writeSync(1, "looping"); for (;;); } } });
       export async function main(system) {
         const ref = await system.spawn(looper, undefined, { name: "hamster", placement: { thread: 1 }, turnLimitMs: Infinity });
         ref.cast("loop");
         await new Promise(() => {});
       }`,
    );
    let isPressed = false;
    const result = await mofaRun([program, "--threads", "1"], {
      ...interruptAt("looping"),
      onStderr: (text, kill) => {
        if (isPressed || !text.includes("press Ctrl-C again")) return;
        isPressed = true;
        kill("SIGINT");
      },
    });
    expect(result).toMatchObject({ code: null, signal: "SIGINT" });
    expect(result.stderr).toMatch(
      /^mofa run: stopping: waiting for hamster \(1\.\d+\.\d+\), whose turn holds thread 1; press Ctrl-C again to end at once\n/,
    );
  });

  test("Ctrl-C says who is left where no turn holds a thread", async () => {
    const program = write(
      "staying.ts",
      `import { defineServer } from "mofa";
       export const stayer = defineServer({
         init: (_: undefined, ctx) => { ctx.trapExit(true); },
         terminate: () => new Promise(() => {}),
       });
       export async function main(system) {
         await system.spawn(stayer, undefined, { name: "guest", placement: { thread: 1 } });
         console.log("up");
         await new Promise(() => {});
       }`,
    );
    const result = await mofaRun([program, "--threads", "1"], {
      ...interruptAt("up"),
      onStderr: (text, kill) => {
        if (text.includes("press Ctrl-C again")) kill("SIGINT");
      },
    });
    expect(result).toMatchObject({ code: null, signal: "SIGINT" });
    expect(result.stderr).toMatch(
      /^mofa run: stopping: waiting for 1 actor to end \(guest\); press Ctrl-C again to end at once\n/,
    );
  });

  test("a program may export its behaviours beside main(system), for every placement", async () => {
    const program = write(
      "beside.ts",
      `import { defineServer } from "mofa";
       export const server = defineServer({ calls: { ping: () => "pong" } });
       export async function main(system) {
         for (const options of [{ placement: "local" }, { placement: { thread: 1 } }, { isolation: "thread" }]) {
           const ref = await system.spawn(server, undefined, options);
           console.log(ref.thread > 0 ? "elsewhere" : "on main", await ref.call("ping"));
         }
       }`,
    );
    const stdout = "on main pong\nelsewhere pong\nelsewhere pong\n";
    expect(await mofaRun([program])).toEqual({ code: 0, signal: null, stdout, stderr: "" });
  });

  test("with --watch it starts the program again when a file beside it changes, with the same options", async () => {
    write("version.ts", "export const version = 1;");
    const program = write(
      "watched.ts",
      `import { version } from "./version.ts";
       export async function main(system) { console.log("version", version); await new Promise(() => {}); }`,
    );
    const plan = write("watched.plan", `{ "seed": 1, "faults": [{ "kind": "throw", "actor": "nobody" }] }`);
    let isChanged = false;
    const ctrlC = interruptAt("version 2");
    const result = await mofaRun(["--watch", "--threads", "1", "--chaos", plan, "--seed", "9", "--json", program], {
      onStdout: (text, kill) => {
        if (!isChanged && text.includes("version 1")) {
          isChanged = true;
          write("version.ts", "export const version = 2;");
        }
        ctrlC.onStdout?.(text, kill);
      },
    });
    const faults = [{ fault: 0, kind: "throw", injected: 0, skipped: 0, unmet: ["actor"] }];
    const never = [{ fault: 0, kind: "throw", why: 'no actor had the name "nobody"', close: [] }];
    const chaos = { seed: 9, injected: { throw: 0 }, skipped: {}, faults, never };
    const json = JSON.stringify({ module: program, ended: "stopped", failure: null, chaos });
    expect(result).toMatchObject({ code: 130, stdout: `version 1\n${json}\nversion 2\n${json}\n` });
    expect(result.stderr).toContain(`version.ts has changed, starting ${program} again\n`);
  }, 30_000);

  test("with --watch it sees a file in a folder that was made while it runs", async () => {
    const home = join(folder, "home");
    mkdirSync(home);
    const program = write(
      "home/grows.ts",
      `import { existsSync } from "node:fs";
       export async function main() {
         console.log(existsSync(new URL("./new/deep", import.meta.url)) ? "grown" : "small");
         await new Promise(() => setInterval(() => {}, 1_000));
       }`,
    );
    let isGrown = false;
    const ctrlC = interruptAt("grown");
    const result = await mofaRun(["--watch", program], {
      onStdout: (text, kill) => {
        if (!isGrown && text.includes("small")) {
          isGrown = true;
          mkdirSync(join(home, "new", "deep"), { recursive: true });
          write("home/new/deep/part.ts", "export const part = 1;");
        }
        ctrlC.onStdout?.(text, kill);
      },
    });
    expect(result).toMatchObject({ code: 130, stdout: "small\ngrown\n" });
    expect(result.stderr).toContain(`${join("new", "deep", "part.ts")} has changed`);
  }, 30_000);

  test("with --watch it says which folder is not there", async () => {
    const result = await mofaRun(["--watch", join(folder, "nowhere", "p.ts")]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toBe(
      `mofa: there is no folder ${join(folder, "nowhere")}: give the path of a .js or .ts module (bad_argument)\n`,
    );
  });

  test.each([
    ["is not there", "nowhere.ts", undefined, "nowhere.ts: give the path of a .js or .ts module (bad_argument)\n"],
    [
      "does not load",
      "broken.ts",
      "throw new Error('no licence');",
      "broken.ts cannot be loaded, correct it and run it again: Error: no licence\n    at ",
    ],
    [
      "exports no program",
      "empty.ts",
      "export const a = 1;",
      "empty.ts exports a, and no program. Export `main(system, args)`, or a root supervisor",
    ],
    [
      "never ends loading",
      "endless.ts",
      "await new Promise(() => {}); export const main = () => 1;",
      "endless.ts never ends loading: its top level awaits what never comes. Put that into `main(system, args)`.",
    ],
    [
      "throws in main",
      "thrower.ts",
      "export function main() { throw new Error('no luck'); }",
      "mofa: Error: no luck\n    at main (",
    ],
  ])("names the file of a module that %s, and says what to do", async (_, name, source, words) => {
    const path = source === undefined ? join(folder, name) : write(name, source);
    const result = await mofaRun([path]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain(words);
  });
});
