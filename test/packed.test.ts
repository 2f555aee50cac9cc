/** The package as `npm pack` makes it: what it has, and what not. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { packageRoot } from "./support/package-root.ts";
import { entryPoints } from "./support/public-names.ts";
import { runProgram } from "./support/run-program.ts";

test("it has what programs load, with the pages about it, and neither sources nor tests nor maps of what is not there", async () => {
  // A cache of its own: what npm has elsewhere is no matter here.
  const cache = mkdtempSync(join(tmpdir(), "mofa-npm-"));
  try {
    const args = ["pack", "--dry-run", "--json", "--ignore-scripts", "--cache", cache];
    const { code, stdout } = await runProgram("npm", args, { cwd: packageRoot });
    expect(code).toBe(0);
    const [packed] = JSON.parse(stdout) as [{ files: readonly { path: string }[] }];
    const paths = packed.files.map(({ path }) => path);
    const needed = entryPoints().flatMap(({ file, types }) => [file, types].map((path) => path.replace(/^\.\//, "")));
    const pagesOfUsers = [
      ...[
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "cli/README.md",
        "actors/README.md",
        "plugins/README.md",
        "plugins/wasm/README.md",
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
    ];
    const template = ["package.json", "plugin.js", "plugin.test.js", "example.js"];
    const programs = ["package.json", "cli/mofa.cjs", ...template.map((file) => `plugins/template/${file}`)];
    expect(paths).toEqual(expect.arrayContaining([...needed, ...pagesOfUsers, ...programs]));
    const pagesOfOthers = paths.filter((path) => path.endsWith(".md") && !pagesOfUsers.includes(path));
    const superfluous = paths.filter((path) =>
      /^dist\/(?:(?:test|benchmarks|examples)\/|jest)|\.map$|(?<!\.d)\.ts$/.test(path),
    );
    expect([pagesOfOthers, superfluous]).toEqual([[], []]);
  } finally {
    rmSync(cache, { recursive: true });
  }
});
