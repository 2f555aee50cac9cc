/**
 * The layers hold: every import of every source goes where the table in support/rooms.ts lets it.
 */
import { stripTypeScriptTypes } from "node:module";
import { SourceTextModule } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import { type Import, importsOf } from "./support/imports.ts";
import { findViolations, rooms } from "./support/rooms.ts";
import { readSources } from "./support/sources.ts";

const sources = readSources();

describe("the sources", () => {
  test("no import breaks the table of rooms", () => {
    expect(findViolations(sources)).toEqual([]);
  });

  test("imports were seen at all, in every room that has more than one file", () => {
    const seen = new Map<string, { files: number; imports: number }>();
    for (const [file, source] of sources) {
      const room = file.split("/")[0] ?? file;
      const { files, imports } = seen.get(room) ?? { files: 0, imports: 0 };
      seen.set(room, { files: files + 1, imports: imports + importsOf(source).length });
    }
    const blind = [...seen].filter(([, { files, imports }]) => files > 1 && imports === 0);
    expect(blind).toEqual([]);
    expect([...seen.keys()]).toEqual(expect.arrayContaining(["cli", "core", "test"]));
    expect([...seen.values()].reduce((sum, { imports }) => sum + imports, 0)).toBeGreaterThan(50);
  });

  test("the scanner finds just the imports that V8 finds", () => {
    for (const [file, source] of sources) {
      const module = new SourceTextModule(stripTypeScriptTypes(source), { identifier: file });
      const found = importsOf(source).filter(({ kind }) => kind === "static");
      expect({ file, imports: [...new Set(found.map(({ specifier }) => specifier))].sort() }).toEqual({
        file,
        imports: [...new Set(module.moduleRequests.map(({ specifier }) => specifier))].sort(),
      });
    }
  });
});

describe("a planted breach is found", () => {
  const clean = {
    "core/index.ts": 'export { Cell } from "./cell.ts";',
    "core/cell.ts": 'import { unpack } from "msgpackr"; export class Cell {}',
    "supervisors/index.ts": 'import { Cell } from "../core/index.ts"; import { join } from "node:path";',
    "plugins/a/index.ts": 'import { Cell } from "../../core/index.ts";',
    "plugins/b/index.ts": "",
    "actors/index.ts": "",
    "index.ts": 'export * from "./core/index.ts"; export * from "./supervisors/index.ts";',
    "cli/main.ts": 'import { Command } from "commander"; import { Cell } from "../index.ts";',
    "test/core/cell.test.ts": 'import { test } from "@jest/globals"; import { Cell } from "../../core/cell.ts";',
  };

  const violations = (planted: Record<string, string>) =>
    findViolations(new Map(Object.entries({ ...clean, ...planted })));

  test("and a tree without one is clean", () => {
    expect(violations({})).toEqual([]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      "an import upwards",
      { "core/cell.ts": 'import { Supervisor } from "../supervisors/index.ts";' },
      "core/cell.ts imports supervisors/index.ts: core may not import supervisors",
    ],
    [
      "an import upwards of a type",
      { "core/cell.ts": 'import type { Supervisor } from "../supervisors/index.ts";' },
      "core/cell.ts imports supervisors/index.ts: core may not import supervisors",
    ],
    [
      "an import upwards that waits until it is reached",
      { "core/cell.ts": 'export const late = () => import("../supervisors/index.ts");' },
      "core/cell.ts imports supervisors/index.ts: core may not import supervisors",
    ],
    [
      "a worker of another room",
      { "core/cell.ts": 'new Worker(new URL("../actors/index.js", import.meta.url));' },
      "core/cell.ts imports actors/index.ts: core may not import actors",
    ],
    [
      "an import past the face",
      { "supervisors/index.ts": 'export { Cell } from "../core/cell.ts";' },
      "supervisors/index.ts imports core/cell.ts: not the face of core",
    ],
    [
      "the front door used from below",
      { "actors/index.ts": 'import { startSystem } from "../index.ts";' },
      "actors/index.ts imports index.ts: actors may not import index.ts",
    ],
    [
      "one plugin that knows another",
      { "plugins/a/index.ts": 'import { b } from "../b/index.ts";' },
      "plugins/a/index.ts imports plugins/b/index.ts: plugins may not import plugins",
    ],
    [
      "a package that is not the room's",
      { "core/cell.ts": 'import { z } from "zod/v4";' },
      "core/cell.ts imports zod: core may not know that package",
    ],
    [
      "a plugin's package that is not its own",
      { "plugins/a/index.ts": 'import SDK from "@vendor/sdk/client";' },
      "plugins/a/index.ts imports @vendor/sdk: plugins may not know that package",
    ],
    [
      "a package known to a second file",
      { "core/port.ts": 'import { wrap } from "comlink";', "core/gate.ts": 'import { expose } from "comlink";' },
      "core/gate.ts imports comlink: that package is behind core/port.ts",
    ],
    [
      "a test that reaches into a room it does not mirror",
      { "test/supervisors/tree.test.ts": 'import { Cell } from "../../core/cell.ts";' },
      "test/supervisors/tree.test.ts imports core/cell.ts: not the face of core",
    ],
    [
      "a circle",
      {
        "core/cell.ts": 'import { Box } from "./box.ts";',
        "core/box.ts": 'export { Lid } from "./lid.ts";',
        "core/lid.ts": 'import { type Cell } from "./cell.ts";', // the import itself stays after the build
      },
      "circle: core/box.ts -> core/lid.ts -> core/cell.ts -> core/box.ts",
    ],
    ["a folder without a row", { "utils/list.ts": "" }, "utils/list.ts: no such room"],
  ])("%s", (_what, planted, expected) => {
    expect(violations(planted)).toEqual([expected]);
  });

  test("but a circle by a type is none", () => {
    const planted = {
      "core/cell.ts": 'import { Box } from "./box.ts";',
      "core/box.ts": 'import type { Cell } from "./cell.ts"; export type { Lid } from "./cell.ts";',
    };
    expect(violations(planted)).toEqual([]);
  });
});

describe("the scanner", () => {
  test.each<[string, string, Import[]]>([
    [
      "every static form",
      'import a from "a"; import * as b from "b"; import c, { d as e } from "c"; import "f";',
      [
        { specifier: "a", kind: "static" },
        { specifier: "b", kind: "static" },
        { specifier: "c", kind: "static" },
        { specifier: "f", kind: "static" },
      ],
    ],
    [
      "a list over several lines",
      'import {\n  type A,\n  b, // from "x"\n} from "a";\nexport * from "b";',
      [
        { specifier: "a", kind: "static" },
        { specifier: "b", kind: "static" },
      ],
    ],
    [
      "types",
      'import type { A } from "a"; export type { B } from "b"; let c: import("c").C; let d: typeof import("d");',
      [
        { specifier: "a", kind: "type" },
        { specifier: "b", kind: "type" },
        { specifier: "c", kind: "type" },
        { specifier: "d", kind: "type" },
      ],
    ],
    [
      "a value that is named type",
      'import type from "a"; import type, { b } from "b";',
      [
        { specifier: "a", kind: "static" },
        { specifier: "b", kind: "static" },
      ],
    ],
    [
      "what is loaded when it is reached",
      "const a = await import('a'); x.import('b');",
      [{ specifier: "a", kind: "dynamic" }],
    ],
    [
      "nothing in comments and strings",
      '// import "a"\n/* import "b" */ const c = "import \\"c\\"" + \'import "d"\';',
      [],
    ],
    [
      "templates, and the code inside them",
      'const a = `import "a" ${b(`}`)} ${await import("c")} import "d"`;',
      [{ specifier: "c", kind: "dynamic" }],
    ],
    [
      "regular expressions with quotes",
      'const a = /"\\/[/"]/; const b = (1 + 2) / 3; import "c"; return /`/;',
      [{ specifier: "c", kind: "static" }],
    ],
    [
      "a type exported beside an import",
      'export type A = "x"; import { b } from "b";',
      [{ specifier: "b", kind: "static" }],
    ],
  ])("knows %s", (_what, source, expected) => {
    expect(importsOf(source)).toEqual(expected);
  });
});

test("every room of the table that may be imported is a room", () => {
  const named = Object.values(rooms).flatMap((room) => room.rooms);
  expect(named.filter((name) => rooms[name] === undefined)).toEqual([]);
});
