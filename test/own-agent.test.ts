/** An agent of one's own, with the packed package in a folder outside the tree: as the README has it, and as `mofa new` makes it. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { packageRoot } from "./support/package-root.ts";
import { PackedPackage } from "./support/packed-package.ts";
import { runProgram } from "./support/run-program.ts";

let packed: PackedPackage;
/** Where mofa is installed, and a Node beside it, since that of the machine may be too old. */
let home: string;

beforeAll(async () => {
  packed = await PackedPackage.make();
  home = join(packed.folder, "home");
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), '{ "type": "module" }');
  packed.install(home, ["node", "@types", "undici-types"]);
  packed.linkCommands(home);
}, 60_000);

afterAll(() => packed[Symbol.dispose]());

/** A line for a shell, which asks no registry. */
async function shell(line: string, cwd: string) {
  const env = { ...process.env, npm_config_offline: "true", npm_config_cache: join(packed.folder, "cache") };
  const { code, stdout, stderr } = await runProgram("/bin/sh", ["-c", line], { cwd, env }, 50_000);
  return { code, stdout, stderr };
}

/** What the compiler has to say. */
async function typeFaults(folder: string): Promise<string> {
  const tsc = join(packageRoot, "node_modules/typescript/bin/tsc");
  return (await runProgram(process.execPath, [tsc, "--project", folder])).stdout;
}

describe("the README's", () => {
  const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
  const part = readme.split("\n## An agent of your own\n")[1]?.split("\n## ")[0] ?? "";
  const block = (language: string) => part.split(`\`\`\`${language}\n`)[1]?.split("\n```")[0] ?? "";
  /** A command of it, with what the comment behind it says. */
  const command = (name: string) =>
    /^(.*?)\s+# (.*)$/.exec(
      block("sh")
        .split("\n")
        .find((line) => line.startsWith(`npx mofa ${name} `)) ?? "",
    );

  beforeAll(() => {
    writeFileSync(join(home, "agent.ts"), `${block("ts")}\n`);
    const tsconfig = readme.split("```json\n")[1]?.split("\n```")[0] ?? "";
    writeFileSync(join(home, "tsconfig.json"), JSON.stringify({ ...JSON.parse(tsconfig), files: ["agent.ts"] }));
  });

  test("has fewer than 40 lines, and its types fit", async () => {
    expect(block("ts").split("\n").length).toBeLessThan(40);
    expect(block("ts")).toContain("defineTool");
    expect(await typeFaults(home)).toBe("");
  });

  test("is asked by its line, and answers what stands behind it", async () => {
    const [, line = "", says = ""] = command("ask") ?? [];
    const { code, stdout } = await shell(line, home);
    expect([code, stdout.replace(/\d\d:\d\d:\d\d/, "13:05:09")]).toEqual([0, `${says}\n`]);
  });

  test("talks by its line, and goes on at the next start", async () => {
    const [, line = ""] = command("chat") ?? [];
    const time = /\nIt is \d\d:\d\d:\d\d in Tokyo\.\n$/;
    expect(await shell(`echo "What time is it?" | ${line}`, home)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(time),
    });
    const { stdout } = await shell(`echo "And now?" | ${line}`, home);
    expect(stdout).toMatch(/^a conversation of 1 turn goes on; /);
    expect(stdout).toMatch(time);
  });
});

describe("a project that mofa new has made below it", () => {
  let project: string;
  beforeAll(async () => {
    const { code, stderr } = await shell("npx mofa new tea-shop", home);
    expect([code, stderr]).toEqual([0, "next: cd tea-shop && npm test && npm start\n"]);
    project = join(home, "tea-shop");
  });

  test("passes its tests, by npm test and without anything else", async () => {
    const { code, stdout } = await shell("npm test", project);
    expect([code, stdout.match(/^(?:#|ℹ) (?:pass|fail) \d+$/gm)?.map((line) => line.slice(2))]).toEqual([
      0,
      ["pass 2", "fail 0"],
    ]);
  });

  test("passes them with another model in its one line, too, and without a key", async () => {
    const agent = join(project, "agent.ts");
    const text = readFileSync(agent, "utf8");
    const line = /^const model = "llm-scripted";/m;
    try {
      for (const model of ["llm-openai", "llm-ollama", "llm-native"]) {
        expect(text).toMatch(line);
        writeFileSync(agent, text.replace(line, `const model = "${model}";`));
        expect(await typeFaults(project)).toBe("");
        expect((await shell("npm test", project)).code).toBe(0);
      }
    } finally {
      writeFileSync(agent, text);
    }
  });

  test("talks by npm start, and keeps a session in its folder", async () => {
    const { code, stdout } = await shell('echo "What time is it?" | npm start -- --session ann', project);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n> clock \{\}\n< clock \(\d+ ms\): .*\nIt is \d\d:\d\d:\d\d \(UTC\)\.\n$/);
    expect(readdirSync(project)).toContain("sessions.sqlite");
    expect(JSON.parse((await shell("npx mofa sessions list agent.ts --json", project)).stdout)).toMatchObject({
      sessions: [{ agent: "tea-shop", session: "ann" }],
    });
  });

  test("has types that fit, by its own tsconfig", async () => {
    expect(await typeFaults(project)).toBe("");
  });

  test("is committed without what is not its own", async () => {
    await shell(
      "git init --quiet && mkdir node_modules && touch node_modules/x sessions.sqlite sessions.sqlite-wal",
      project,
    );
    const { stdout } = await shell("git status --porcelain --untracked-files=all", project);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.slice(3))
        .sort(),
    ).toEqual([".gitignore", "README.md", "agent.test.ts", "agent.ts", "package.json", "tsconfig.json"]);
  });
});
