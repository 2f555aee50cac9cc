/** `mofa new`: what it makes, and what it refuses. That a project runs is in ../own-agent.test.ts. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { packageNameFault } from "../../cli/package-name.ts";
import { mofaEntry } from "../support/mofa-programs.ts";
import { packageRoot } from "../support/package-root.ts";
import { runProgram } from "../support/run-program.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mofa-new-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const files = ["agent.ts", "agent.test.ts", "package.json", "README.md", "tsconfig.json", ".gitignore"];
const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { readonly version: string };

async function mofaNew(...args: string[]) {
  const { code, stdout, stderr } = await runProgram(process.execPath, [mofaEntry, "new", ...args], { cwd: folder });
  return { code, stdout, stderr };
}

const read = (...path: string[]) => readFileSync(join(folder, ...path), "utf8");

test("it makes a folder of that name with a project in it, and says what comes next", async () => {
  expect(await mofaNew("tea-shop")).toEqual({
    code: 0,
    stdout: `${join(folder, "tea-shop")}: ${files.join(", ")}\n`,
    stderr: `next: cd tea-shop && npm install ${JSON.stringify(packageRoot.replace(/\/$/, ""))} && npm test && npm start\n`,
  });
  expect(readdirSync(join(folder, "tea-shop")).sort()).toEqual([...files].sort());
  expect(readdirSync(folder)).toEqual(["tea-shop"]);
});

test("the name stands in it, and in no file the name of the one that was copied", async () => {
  await mofaNew("tea-shop");
  expect(JSON.parse(read("tea-shop", "package.json"))).toMatchObject({
    name: "tea-shop",
    scripts: { start: "mofa chat agent.ts", test: "node --test *.test.ts" },
    dependencies: { mofa: `^${version}` },
  });
  expect(read("tea-shop", "README.md")).toMatch(/^# tea-shop\n/);
  expect(read("tea-shop", "agent.ts")).toContain('defineAgent({ name: "tea-shop",');
  expect(files.filter((file) => read("tea-shop", file).includes("my-agent"))).toEqual([]);
});

test("its agent has fewer than 40 lines", async () => {
  await mofaNew("tea-shop");
  expect(read("tea-shop", "agent.ts").trimEnd().split("\n").length).toBeLessThan(40);
});

test("of a name with a scope the folder is the part behind it, and an agent's name has what agents take", async () => {
  expect(await mofaNew("@tea/shop.v2")).toMatchObject({ code: 0 });
  expect(JSON.parse(read("shop.v2", "package.json"))).toMatchObject({ name: "@tea/shop.v2" });
  expect(read("shop.v2", "agent.ts")).toContain('defineAgent({ name: "shop-v2",');
});

test("--json prints what was made, and what comes next", async () => {
  const { code, stdout, stderr } = await mofaNew("tea", "--json");
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toEqual({
    name: "tea",
    folder: join(folder, "tea"),
    files,
    next: ["cd tea", expect.stringMatching(/^npm install "/), "npm test", "npm start"],
  });
});

test("below a folder that has mofa installed nothing is to be installed", async () => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(packageRoot, join(folder, "node_modules", "mofa"), "junction");
  expect(JSON.parse((await mofaNew("tea", "--json")).stdout)).toMatchObject({
    next: ["cd tea", "npm test", "npm start"],
  });
});

test("an empty folder is filled", async () => {
  mkdirSync(join(folder, "tea"));
  expect(await mofaNew("tea")).toMatchObject({ code: 0 });
  expect(readdirSync(join(folder, "tea")).length).toBe(files.length);
});

test.each([
  [
    "a folder that is not empty",
    () => mkdirSync(join(folder, "tea", "pot"), { recursive: true }),
    /is there already, and not empty: /,
  ],
  ["a file", () => writeFileSync(join(folder, "tea"), "leaves"), /is there already, and no folder/],
  [
    "a link to nowhere",
    () => symlinkSync(join(folder, "nowhere"), join(folder, "tea")),
    /is there already, and no folder/,
  ],
])("%s of that name is left as it is", async (_what, put, words) => {
  put();
  const before = readdirSync(folder, { recursive: true });
  const { code, stdout, stderr } = await mofaNew("tea");
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(words);
  expect(stderr).toMatch(/^mofa: [^\n]* \(bad_argument\)\n$/);
  expect(readdirSync(folder, { recursive: true })).toEqual(before);
});

test("what fails in the midst leaves nothing", async () => {
  // A template of which a file is missing.
  const copy = join(folder, "mofa");
  mkdirSync(join(copy, "examples", "project"), { recursive: true });
  for (const one of ["dist", "cli", "node_modules", "package.json"])
    symlinkSync(join(packageRoot, one), join(copy, one));
  writeFileSync(join(copy, "examples", "project", "agent.ts"), "");
  const at = join(folder, "at");
  mkdirSync(at);
  const { code, stderr } = await runProgram(
    process.execPath,
    ["--preserve-symlinks", "--preserve-symlinks-main", join(copy, "cli", "mofa.cjs"), "new", "tea"],
    { cwd: at },
  );
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^mofa: ENOENT: [^\n]*agent\.test\.ts' \(ENOENT\)\n$/)]);
  expect(readdirSync(at)).toEqual([]);
});

test.each([
  ["letters that npm does not take", "Tea"],
  ["a path", "tea/shop"],
  ["a way out of the folder", "../tea"],
  ["a dot", "."],
  ["nothing", ""],
  ["white space", "tea shop"],
])("%s is wrong usage, and nothing is made", async (_what, name) => {
  const { code, stdout, stderr } = await mofaNew(name);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^mofa new: ".*" is no name for a project: it is of a-z, [^\n]*\n$/);
  expect(readdirSync(folder)).toEqual([]);
});

test("without a name it is wrong usage, and --help says what it takes", async () => {
  expect(await mofaNew()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("missing required argument 'name'"),
  });
  expect(await mofaNew("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("<name>") });
});

test.each([
  ["tea", undefined],
  ["tea-2.0_x", undefined],
  ["@tea/shop", undefined],
  ["x".repeat(214), undefined],
  ["x".repeat(215), /more than 214/],
  [".tea", /begins with/],
  ["_tea", /begins with/],
  ["-tea", /begins with/],
  ["@tea", /begins with/],
  ["@/tea", /begins with/],
  ["@a/b/c", /begins with/],
  ["tea\n", /begins with/],
  ["té", /begins with/],
  ["tea~", /begins with/],
  ["node_modules", /npm and Node/],
  ["favicon.ico", /npm and Node/],
  ["fs", /npm and Node/],
  ["mofa", /find itself/],
])("the name %j", (name, fault) => {
  const said = packageNameFault(name);
  if (fault === undefined) expect(said).toBeUndefined();
  else expect(said).toMatch(fault);
});
