/** The package as `npm pack` makes it: what it has, and what not; and that it measures itself where a user has installed it. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { packageRoot } from "./support/package-root.ts";
import { PackedPackage } from "./support/packed-package.ts";
import { entryPoints } from "./support/public-names.ts";
import { runProgram } from "./support/run-program.ts";

let packed: PackedPackage;

beforeAll(async () => {
  packed = await PackedPackage.make();
}, 60_000);

afterAll(() => packed[Symbol.dispose]());

test("it has what programs load, with the pages about it, and neither sources nor tests nor maps of what is not there", () => {
  const { paths } = packed;
  const needed = entryPoints().flatMap(({ file, types }) => [file, types].map((path) => path.replace(/^\.\//, "")));
  const pagesOfUsers = [
    ...[
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "benchmarks/README.md",
      "cli/README.md",
      "examples/project/README.md",
      "actors/README.md",
      "actors/agent/README.md",
      "plugins/README.md",
      "plugins/WRITING.md",
      "plugins/template/README.md",
      "supervisors/README.md",
      "testing/README.md",
    ],
    ...[
      "EVENTS",
      "README",
      "SEMANTICS",
      "VERBS",
      "bus/README",
      "bus/kept/README",
      "durable/README",
      "registry/README",
      "streams/README",
      "tasks/README",
    ].map((page) => `core/${page}.md`),
    ...[
      ...["llm-native", "llm-recorded", "llm-router", "llm-scripted", "telemetry"],
      ...["tool-fs", "tool-http", "tool-mcp", "tool-memory", "tool-shell", "tool-sql", "wasm"],
    ].map((folder) => `plugins/${folder}/README.md`),
  ];
  const template = ["package.json", "plugin.js", "plugin.test.js", "example.js"];
  // What mofa new copies, of which some are sources.
  const project = ["_gitignore", "_package.json", "agent.test.ts", "agent.ts", "tsconfig.json"].map(
    (file) => `examples/project/${file}`,
  );
  const programs = ["package.json", "cli/mofa.cjs", ...template.map((file) => `plugins/template/${file}`), ...project];
  const erlang = readdirSync(join(packageRoot, "benchmarks/peers/erlang")).map(
    (file) => `benchmarks/peers/erlang/${file}`,
  );
  expect(paths).toEqual(expect.arrayContaining([...needed, ...pagesOfUsers, ...programs, ...erlang]));
  const pagesOfOthers = paths.filter((path) => path.endsWith(".md") && !pagesOfUsers.includes(path));
  const others = paths.filter((path) => !project.includes(path));
  const superfluous = others.filter(
    (path) =>
      /^dist\/(?:(?:test|examples)\/|jest)|\.map$|(?<!\.d)\.ts$|^examples\//.test(path) && !pagesOfUsers.includes(path),
  );
  expect([pagesOfOthers, superfluous]).toEqual([[], []]);
});

test("mofa bench runs where peers are not installed: it names them, and asks the rest", async () => {
  const mofa = join(packed.install(packed.folder), "cli", "mofa.cjs");
  const args = ["bench", "in-thread", "--quick", "--filter", "pingpong", "--json"];
  // Nor is Erlang on that path.
  const env = { ...process.env, PATH: packed.folder };
  const { code, stdout } = await runProgram(process.execPath, [mofa, ...args], { cwd: packed.folder, env });
  expect(code).toBe(0);
  const { results } = JSON.parse(stdout);
  const noErlang = "no erl and erlc on the PATH";
  expect(results).toMatchObject([
    {
      benchmark: "pingpong",
      verified: true,
      ours: { median: expect.any(Number) },
      peers: { hand: { median: expect.any(Number) } },
      absent: [
        { name: "nact", absent: "the package nact is not installed (npm i nact)" },
        { name: "xstate", absent: "the package xstate is not installed (npm i xstate)" },
        { name: "erlang +S 1", absent: noErlang },
        { name: "erlang +S 2", absent: noErlang },
      ],
    },
  ]);
});
