/** The commands that look at a running program, as a person uses them beside `mofa run`. */
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { mofaEntry, useMofaPrograms } from "../support/mofa-programs.ts";
import { runProgram } from "../support/run-program.ts";

const noActor = 'mofa: there is no actor "nobody": mofa ps lists those that live (noproc)\n';

const programs = useMofaPrograms({
  "clerks.ts": `
    import { definePlugin, defineServer } from "mofa";
    export const paper = definePlugin({
      name: "paper",
      version: "1.2.3",
      provides: [{ name: "sheets", version: "1.0.0" }],
      packages: [{ name: "no-such-package", version: "2.0.0", for: "tests" }],
      behaviour: { init: () => ({ left: 5 }), health: ({ left }) => ({ status: left > 3 ? "degraded" : "up", detail: left + " sheets" }) },
    });
    export const press = definePlugin({
      name: "press",
      version: "2.0.0",
      requires: [{ name: "sheets" }],
      behaviour: { health: () => { for (let n = 0; ; n++); }, },
      turnLimitMs: Infinity,
    });
    export const clerk = defineServer({
      name: "clerk",
      init: (name: string) => ({ name, papers: 0 }),
      casts: { take: (state) => { state.papers++; }, loop: () => { for (let n = 0; ; n++); } },
      turnLimitMs: Infinity,
    });
    export async function main(system, args) {
      const children = ["ann", "bob"].map((name) => ({ id: name, name, start: [clerk, name] }));
      for (let n = 0; n < 12; n++) children.push({ id: "temp " + n, start: [clerk, "temp"] });
      await system.supervise({ intensity: 9, children });
      if (args.includes("looping")) await system.spawn(clerk, "loner", { name: "loner", placement: { thread: 0 } });
      const gone = await system.spawn(clerk, "gone");
      await system.stopActor(gone);
      gone.cast("take");
      system.cast("ann", "take");
      if (args.includes("looping")) system.cast("bob", "loop");
      if (args.includes("ticking")) {
        const ticks = setInterval(() => {
          try {
            system.cast("ann", "take");
          } catch {
            clearInterval(ticks);
          }
        }, 1);
      }
      if (args.includes("printing")) await system.startPlugins(args.includes("jammed") ? [{ plugin: press, isolation: "thread" }, paper] : [paper]);
      console.log("up");
      await new Promise(() => {});
    }`,
});

const environment = () => programs.environment;

/** A program that has said that it is up. */
const start = (...args: string[]) => programs.start("clerks.ts", args);
const mofa = (...args: string[]) => programs.mofa(...args);
const mofaJson = (...args: string[]) => programs.mofaJson(...args);

/** A tree with its lines in ASCII, and without its refs. */
function drawn(tree: string): string {
  return tree
    .replaceAll("\u251c\u2500", "|-")
    .replaceAll("\u2514\u2500", "'-")
    .replaceAll(/\d+\.\d+\.\d+/g, "REF");
}

interface Sample {
  readonly threads: readonly object[];
  readonly actors: readonly { readonly turns: number }[];
}

interface Listed {
  readonly name?: string;
  readonly state: string;
  readonly ref: { readonly slot: number; readonly generation: number };
}

async function listed(name: string): Promise<Listed | undefined> {
  const { actors } = (await mofaJson("ps")) as unknown as { actors: readonly Listed[] };
  return actors.find((actor) => actor.name === name);
}

describe("a program that runs", () => {
  test("is listed by mofa ps: who has a name first, by text or pattern, so many as are wanted", async () => {
    await start();
    const { code, stdout, stderr } = await mofa("ps");
    const rows = stdout.split("\n");
    expect(code).toBe(0);
    expect(rows[0]).toMatch(/^ref +name +child +behaviour +state +place +messages$/);
    expect(rows[1]).toMatch(/^\d+\.\d+\.\d+ +ann +ann +clerk +ready +thread 1 +0$/);
    expect(rows.slice(-3, -1).map((row) => row.split(/ +/)[1])).toEqual(["system.supervisor", "system.registry"]);
    expect([rows.length, stderr]).toEqual([
      19,
      "17 actors: 14 clerk, 1 supervisor, 1 system.supervisor, 1 system.registry\n",
    ]);
    const some = await mofa("ps", "--match", "temp 1*", "--limit", "2");
    expect(some.stdout.split("\n").length).toBe(4);
    expect(some.stderr).toBe("3 actors of 17: 3 clerk; 2 are shown, --limit 0 shows all\n");
    expect((await mofa("ps", "--match", "nobody")).stderr).toBe("0 actors of 17\n");
    expect(await mofaJson("ps", "--match", "bob")).toMatchObject({
      actors: [{ name: "bob", childId: "bob", isolation: "shared" }],
      matching: 1,
      living: 17,
      behaviours: { clerk: 1 },
      unanswered: [],
    });
  });

  test("is shown by mofa tree under who has started whom, like children folded", async () => {
    await start();
    const { stdout } = await mofa("tree");
    expect(drawn(stdout)).toBe(
      [
        "|- supervisor REF  (ready, main)",
        "│  |- ann  (ready, thread 1)",
        "│  |- bob  (ready, thread 1)",
        "│  |- temp 0: clerk REF  (ready, thread 1)",
        "│  '- and 11 clerk more: --all shows them",
        "'- system.supervisor  (ready, main)",
        "   '- system.registry  (ready, main)",
        "",
      ].join("\n"),
    );
    const ids = ["ann", "bob", ...Array.from({ length: 12 }, (_, n) => `temp ${n}`)];
    const whole = (await mofaJson("tree")) as unknown as { roots: readonly [{ children: readonly object[] }] };
    expect(whole.roots[0].children).toMatchObject(ids.map((childId) => ({ childId, children: [], more: {} })));
    expect((await mofa("tree", "--all")).stdout.split("\n").length).toBe(18);
    expect(drawn((await mofa("tree", "ann")).stdout)).toBe("'- ann  (ready, thread 1)\n");
    expect(await mofa("tree", "nobody")).toMatchObject({
      code: 1,
      stderr: noActor,
    });
  });

  test("has its actors paused, looked at and let go on", async () => {
    await start();
    expect(await mofa("interrupt", "ann")).toEqual({ code: 0, stdout: "ann was at nothing\n", stderr: "" });
    expect(await mofa("pause", "ann")).toEqual({ code: 0, stdout: "ann paused\n", stderr: "" });
    expect(await listed("ann")).toMatchObject({ state: "paused" });
    expect(await mofaJson("inspect", "ann")).toMatchObject({
      actor: { name: "ann", state: "paused" },
      state: { name: "ann", papers: 1 },
      error: null,
    });
    expect(await mofaJson("resume", "ann")).toEqual({ actor: "ann", done: "resumed" });
    expect(await listed("ann")).toMatchObject({ state: "ready" });
    const { stdout } = await mofa("inspect", "ann");
    expect(stdout.replaceAll(/\d+\.\d+\.\d+/g, "REF")).toBe(
      [
        "ref       REF",
        "name      ann",
        "behaviour clerk",
        "parent    REF",
        "child     ann",
        "life      ready",
        "place     thread 1",
        "messages  0",
        "state     { name: 'ann', papers: 1 }",
        "",
      ].join("\n"),
    );
    expect(await mofa("inspect", "nobody")).toMatchObject({ code: 1, stdout: "", stderr: noActor });
  });

  test("is listed, but for the actors of a thread that a turn holds", async () => {
    await start("looping");
    const { code, stdout, stderr } = await mofa("ps");
    expect([code, stdout.split("\n").length]).toEqual([0, 6]);
    expect(stderr).toBe(
      "4 actors: 1 supervisor, 1 system.supervisor, 1 system.registry, 1 clerk\nmofa ps: thread 1 does not answer, and its actors are not shown: bob is in its turn there (mofa interrupt or mofa kill ends such a turn)\n",
    );
    expect(await mofa("deadletters")).toEqual({
      code: 0,
      stdout: "id  age  to  why  message\n",
      stderr:
        "0 dead letters\nmofa deadletters: thread 1 does not answer, and its letters are not shown: bob is in its turn there (mofa interrupt or mofa kill ends such a turn)\n",
    });
    expect(await mofa("kill", "bob")).toMatchObject({ code: 0 });
    expect(await mofa("ps")).toMatchObject({
      stderr: "18 actors: 15 clerk, 1 supervisor, 1 system.supervisor, 1 system.registry\n",
    });
  });

  test("has an actor that loops killed, and hears that its supervisor has started another", async () => {
    await start("looping");
    const { code, stdout } = await mofa("kill", "bob");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^bob killed, and started again by its supervisor as \d+\.\d+\.\d+\n$/);
    const { actor, restartedAs } = await mofaJson("kill", "bob");
    expect([actor, (await listed("bob"))?.ref]).toEqual(["bob", restartedAs]);
    expect(await mofa("kill", "loner")).toMatchObject({ code: 0, stdout: "loner killed\n" });
    expect(await mofa("kill", "nobody")).toMatchObject({
      code: 1,
      stderr: noActor,
    });
  });

  test("is watched by mofa top: threads, the busiest actors, and how often they were started again", async () => {
    await start("ticking");
    await mofa("kill", "bob");
    const watched = async (sort: string) => {
      const { code, stdout } = await mofa("top", "--json", "--count", "2", "--interval", "100", "--sort", sort);
      expect(code).toBe(0);
      return stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Sample);
    };
    const [sample, next, ...more] = await watched("turns");
    expect(more).toEqual([]);
    expect(sample?.threads.slice(0, 2)).toMatchObject([{ position: 0 }, { position: 1, heldBy: null }]);
    for (const one of [sample, next]) {
      const actors = one?.actors ?? [];
      expect(actors[0]).toMatchObject({ name: "ann", restarts: 0 });
      expect(actors[0]?.turns).toBeGreaterThan(0);
    }
    expect((await watched("restarts"))[0]).toMatchObject({ actors: [{ name: "bob", restarts: 1 }] });
    const { stdout } = await mofa("top", "--limit", "1");
    expect(stdout).toMatch(
      /^mofa top: clerks \(\d+\) {2}17 actors, [\d,]+ turns\/s, by busy\n\nthread +load +heap +actors +messages +turns\/s\nmain /,
    );
    expect(stdout).toMatch(
      /\n\nref +actor +place +state +messages +held +turns\/s +busy +restarts\n\d+\.\d+\.\d+ +ann .*\n$/,
    );
    expect(await mofa("top", "--sort", "name")).toMatchObject({ code: 2 });
  });

  test("has its plugins listed, with their health by their own word", async () => {
    await start("printing");
    const { code, stdout, stderr } = await mofa("plugins");
    expect(stdout).toMatch(
      /^plugin +version +state +isolation +ref +health +provides +requires +missing +detail\npaper +1\.2\.3 +running +shared +\d+\.\d+\.\d+ +degraded +sheets 1\.0\.0 +npm install no-such-package@2 \(for tests\) +5 sheets\n$/,
    );
    expect([code, stderr]).toEqual([0, "1 plugin\n"]);
    expect(await mofaJson("plugins")).toMatchObject({
      plugins: [
        {
          name: "paper",
          state: "running",
          ref: { node: "" },
          provides: [{ name: "sheets", version: "1.0.0" }],
          requires: [],
          packages: [
            { name: "no-such-package", version: "2.0.0", for: "tests", install: "npm install no-such-package@2" },
          ],
        },
      ],
    });
  });

  test("has a plugin that does not answer listed as down, and mofa plugins fails", async () => {
    await start("printing", "jammed");
    const { code, stdout } = await mofa("plugins");
    expect(stdout).toMatch(
      /\npress +2\.0\.0 +running +thread +\d+\.\d+\.\d+ +down +sheets +.* did not answer "health" within 1000 ms/,
    );
    expect(code).toBe(1);
  });

  test("shows its dead letters, and sends one of them again", async () => {
    await start();
    const { deadLetters } = (await mofaJson("deadletters")) as unknown as { deadLetters: readonly { id: string }[] };
    expect(deadLetters).toMatchObject([{ why: "noproc", message: "cast take()" }]);
    const { stdout, stderr } = await mofa("deadletters");
    expect(stdout).toMatch(/^id +age +to +why +message\n\d+\.\d+ +\d+ s +\d+\.\d+\.\d+ +noproc +cast take\(\)\n$/);
    expect(stderr).toBe("1 dead letter\n");
    const id = deadLetters[0]?.id as string;
    expect(await mofa("deadletters", "--resend", id, "--to", "bob")).toMatchObject({
      code: 0,
      stdout: `${id} sent again\n`,
    });
    expect(await mofaJson("inspect", "bob")).toMatchObject({ state: { papers: 1 } });
    expect(await mofa("deadletters", "--resend", id)).toMatchObject({ code: 1 });
  });

  test("tells its events as they happen to who watches, until its end", async () => {
    const pid = await start();
    let seen = "";
    const watching = runProgram(process.execPath, [mofaEntry, "events", "exited", "--json"], {
      env: environment(),
      onStdout: (text) => {
        seen = text;
      },
    });
    // When it has begun to watch is not said: an end that it sees tells.
    while (seen === "") await mofa("kill", "bob");
    process.kill(pid, "SIGTERM");
    const { code, stdout } = await watching;
    expect(code).toBe(0);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(events[0]).toMatchObject({ type: "exited", reason: "killed" });
    expect(events.length).toBeGreaterThan(1);
  });

  test("has an actor's messages told, until there were enough or it ends", async () => {
    await start("ticking");
    const { code, stdout } = await mofa("trace", "ann", "--count", "3", "--json");
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly id: string });
    expect([code, events.length]).toEqual([0, 3]);
    for (const event of events)
      expect(event).toMatchObject({
        type: "trace",
        name: "ann",
        what: "received",
        kind: "cast",
        message: "cast take()",
      });
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
    const text = (await mofa("trace", "ann", "--count", "20")).stdout.trimEnd().split("\n");
    const line = /^\d\d:\d\d:\d\d\.\d{3} got {2}\d+\.\d+ {2}cast take\(\)( {2}from the program)?$/;
    expect(text.filter((one) => line.test(one))).toEqual(text);
    // Of those that had come before the trace began nobody knows from whom.
    const known = text.slice(text.findIndex((one) => one.endsWith("from the program")));
    expect(known.filter((one) => one.endsWith("  from the program"))).toEqual(known);
    expect([text.length, text.at(-1)]).toEqual([20, expect.stringMatching(/ {2}from the program$/)]);
    const traced = await runProgram(process.execPath, [mofaEntry, "trace", "bob"], {
      env: environment(),
      onStderr: () => void mofa("kill", "bob"),
    });
    expect([traced.code, traced.stderr]).toEqual([0, "mofa trace: bob is traced until its end, or Ctrl-C\n"]);
    expect(traced.stdout).toMatch(/ exited +ref .* name bob {2}behaviour clerk {2}reason killed\n$/);
    expect(await mofa("trace", "nobody")).toMatchObject({
      code: 1,
      stderr: noActor,
    });
  });

  test("has one of its threads profiled, to a file of the asker's", async () => {
    await start("ticking");
    const file = join(programs.folder, "one.cpuprofile");
    const profiled = await mofa("profile", "--thread", "1", "--seconds", "0.2", "-o", file);
    expect(profiled).toMatchObject({ code: 0, stdout: `${file}\n` });
    const profile = JSON.parse(readFileSync(file, "utf8")) as { readonly startTime: number; readonly endTime: number };
    expect(profile).toMatchObject({ nodes: expect.anything(), samples: expect.anything() });
    // In microseconds.
    expect(profile.endTime - profile.startTime).toBeGreaterThanOrEqual(150_000);
    const heap = join(programs.folder, "main.heapsnapshot");
    expect(await mofaJson("profile", "--thread", "0", "--heap", "-o", heap)).toEqual({
      file: heap,
      thread: 0,
      kind: "heap",
      bytes: readFileSync(heap).length,
    });
    expect(await mofa("profile", "--thread", "9")).toMatchObject({
      code: 1,
      stderr: "mofa: the worker thread at position 9 does not exist (1 to 1 do) (invalid_placement)\n",
    });
    expect(await mofa("profile", "--thread", "1", "--seconds", "0")).toMatchObject({ code: 2 });
  });

  test("is not disturbed by one that goes away with an answer unread", async () => {
    await start();
    const [socket = ""] = readdirSync(join(programs.runtime, "mofa"));
    const client = connect(join(programs.runtime, "mofa", socket)).pause();
    client.write('{"id":1,"verb":"actors"}\n');
    expect(await listed("ann")).toMatchObject({ state: "ready" });
    client.destroy();
    expect(await listed("ann")).toMatchObject({ state: "ready" });
  });

  test("is not disturbed by one that says nonsense or goes away", async () => {
    await start();
    const [socket = ""] = readdirSync(join(programs.runtime, "mofa"));
    for (const line of [
      "nonsense\n",
      '{"id":1}\n',
      '{"id":1,"verb":"shutdown"}\n',
      '{"id":1,"verb":"watch","types":["nothing"]}\n{"id":2,"verb":"watch"}\nnonsense\n',
      '{"id":1,"verb":"actors"}\n{"id":',
    ]) {
      const client = connect(join(programs.runtime, "mofa", socket));
      client.on("error", () => {});
      client.resume();
      client.write(line);
      if (line.includes("actors")) client.destroy();
      else await once(client, "close");
    }
    expect(await listed("ann")).toMatchObject({ state: "ready" });
  });
});

describe("which program is meant", () => {
  test("none runs: exit code 3 and a sentence", async () => {
    expect(await mofa("ps")).toEqual({
      code: 3,
      stdout: "",
      stderr: "mofa: no program of this user runs: start one with mofa run or mofa demo\n",
    });
  });

  test("several run: they are named, and --system chooses by process id", async () => {
    const pids = [await start(), await start()].sort((a, b) => a - b);
    const { code, stderr } = await mofa("ps");
    expect([code, stderr]).toEqual([
      1,
      `mofa: several programs run: say which with --system: ${pids.map((pid) => `${pid} (clerks)`).join(", ")} (bad_argument)\n`,
    ]);
    expect(await mofa("ps", "--system", String(pids[0]))).toMatchObject({ code: 0 });
    expect(await mofa("ps", "--system", "nobody")).toMatchObject({ code: 1 });
  });

  test("--system chooses by name", async () => {
    writeFileSync(join(programs.folder, "typists.ts"), `export { main } from "./clerks.ts";`);
    const pids = { clerks: await start(), typists: await programs.start("typists.ts") };
    for (const [name, pid] of Object.entries(pids)) {
      const { code, stdout } = await mofa("top", "--limit", "1", "--system", name);
      expect({ code, first: stdout.split("  ")[0] }).toEqual({ code: 0, first: `mofa top: ${name} (${pid})` });
    }
  });

  test("--system names one, and none runs at all: exit code 3", async () => {
    expect(await mofa("ps", "--system", "clerks")).toEqual({
      code: 3,
      stdout: "",
      stderr: "mofa: no program of this user runs: start one with mofa run or mofa demo\n",
    });
  });

  test("without XDG_RUNTIME_DIR it is found by a folder of this user's alone below the temporary one", async () => {
    const temporary = mkdtempSync(join(realpathSync(tmpdir()), "mofa-tmp-"));
    try {
      const env = { ...process.env, XDG_RUNTIME_DIR: undefined, TMPDIR: temporary };
      const pid = await programs.start("clerks.ts", [], env);
      const sockets = join(temporary, `mofa-${userInfo().uid}`);
      expect((statSync(sockets).mode & 0o777).toString(8)).toBe("700");
      expect(readdirSync(sockets)).toEqual([`${pid}.sock`]);
      const asked = await runProgram(process.execPath, [mofaEntry, "ps", "--match", "ann", "--json"], { env });
      expect(asked).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(asked.stdout)).toMatchObject({ actors: [{ name: "ann" }] });
    } finally {
      await programs.endAll();
      rmSync(temporary, { recursive: true });
    }
  });

  test("a program that was killed leaves a socket, which is taken away", async () => {
    const pid = await start();
    await programs.endAll("SIGKILL");
    expect(readdirSync(join(programs.runtime, "mofa"))).toEqual([`${pid}.sock`]);
    expect(await mofa("ps")).toMatchObject({ code: 3 });
    expect(readdirSync(join(programs.runtime, "mofa"))).toEqual([]);
  });

  test("a folder that others may enter is refused, by both sides", async () => {
    const open = mkdtempSync(join(realpathSync(tmpdir()), "mofa-open-"));
    try {
      mkdirSync(join(open, "mofa"));
      chmodSync(join(open, "mofa"), 0o755);
      const env = { ...process.env, XDG_RUNTIME_DIR: open };
      const words = /must be a folder of this user that nobody else may enter .* with mode 755/;
      const asked = await runProgram(process.execPath, [mofaEntry, "ps"], { env });
      expect(asked).toMatchObject({ code: 1, stderr: expect.stringMatching(words) as unknown });
      writeFileSync(join(programs.folder, "short.ts"), "export const main = () => {};");
      const ran = await runProgram(process.execPath, [mofaEntry, "run", join(programs.folder, "short.ts")], { env });
      expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(words) as unknown });
    } finally {
      rmSync(open, { recursive: true });
    }
  });
});
