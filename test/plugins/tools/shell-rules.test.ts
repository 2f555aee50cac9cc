/** Which programs, with which arguments, `tool-shell` runs. Not in every placement: no actor runs. */
import { expect, test } from "@jest/globals";
import { shellConfig } from "../../../plugins/tool-shell/config.ts";
import { type Program, ProgramTable } from "../../../plugins/tool-shell/programs.ts";

const git: Program = {
  name: "git",
  path: "/usr/bin/git",
  arguments: [
    { matches: "log|status", at: 0 },
    { matches: "--(?:stat|oneline)|-n\\d+", isOption: true },
    { matches: "[\\w./-]+" },
  ],
  maxArguments: 3,
};
const table = new ProgramTable([
  git,
  { name: "date", path: "/bin/date" },
  { name: "wc", path: "/usr/bin/wc", takesStdin: true },
]);

test.each([
  ["git", ["log"]],
  ["git", ["log", "--stat", "src/a.ts"]],
  ["git", ["status", "-n7"]],
  ["date", []],
])("%s %j is run", (program, given) => {
  expect(table.checked({ program, arguments: given }).name).toBe(program);
});

test.each([
  ["another program", "rm", ["-rf"]],
  ["a path as program", "/usr/bin/git", ["log"]],
  ["a name of every object", "constructor", []],
  ["an argument where none is taken", "date", ["7"]],
  ["another first argument", "git", ["push"]],
  ["what is taken elsewhere, as the first", "git", ["src"]],
  ["an option that is not listed", "git", ["log", "--output=x"]],
  ["an option that only a rule without options matches", "git", ["log", "-rf"]],
  ["a longer one than matches", "git", ["log", "--stat --exec"]],
  ["a line behind what matches", "git", ["log", "src\n"]],
  ["a line before what matches", "git", ["log", "x\nsrc"]],
  ["a NUL", "git", ["log", "a\0b"]],
  ["too many", "git", ["log", "a", "b", "c"]],
  ["one that is too long", "git", ["log", "a".repeat(4_097)]],
])("%s is refused", (_what, program, given) => {
  expect(() => table.checked({ program, arguments: given })).toThrow(expect.objectContaining({ code: "tool_denied" }));
});

test("what is refused is told with what would be right", () => {
  expect(() => table.checked({ program: "git", arguments: ["push"] })).toThrow(
    'run_program: git does not take "push" as its argument 0; there it takes: /log|status/',
  );
});

test("only a program that takes one is given a text to read", () => {
  expect(table.checked({ program: "wc", stdin: "a" }).name).toBe("wc");
  expect(() => table.checked({ program: "date", stdin: "a" })).toThrow(
    expect.objectContaining({ code: "tool_denied" }),
  );
});

const program = { name: "a", path: "/bin/a" };
test.each([
  ["a path that is looked for", { programs: [{ ...program, path: "git" }] }],
  ["a path with a way back", { programs: [{ ...program, path: "/usr/../bin/a" }] }],
  ["two of one name", { programs: [program, program] }],
  ["a rule that is no pattern", { programs: [{ ...program, arguments: [{ matches: "(" }] }] }],
  ["a rule that gets out of its brackets", { programs: [{ ...program, arguments: [{ matches: "a)|(b" }] }] }],
  ["a key that is not known", { programs: [{ ...program, shell: true }] }],
  ["an argument with a NUL", { programs: [{ ...program, before: ["\0"] }] }],
  ["a folder from here", { cwd: "work" }],
  ["an environment of numbers", { env: { A: 1 } }],
  ["the mark of runs", { env: { MOFA_RUN: "a" } }],
  ["a name that is none", { env: { "A=B": "a" } }],
])("%s is no configuration", async (_what, config) => {
  const { issues } = await shellConfig["~standard"].validate(config);
  expect(issues?.map(({ path }) => path)).toEqual([Object.keys(config)]);
});
