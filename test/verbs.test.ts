/** core/VERBS.md has every public member of `ctx`, `system` and refs, every key of a behaviour, and none that there is not. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { defineActor, defineServer } from "../core/index.ts";
import { packageRoot } from "./support/package-root.ts";

const page = readFileSync(join(packageRoot, "core/VERBS.md"), "utf8");

/** The rows below a title, as cells; neither the head nor the titles between. */
function rows(title: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const documented = (title: string) =>
  rows(title).flatMap(([verbs = ""]) => [...verbs.matchAll(/`(\w+)/g)].map(([, name = ""]) => name));

/** The public members of a class or interface, read from the declarations that the build wrote. */
function members(file: string, declaration: string): string[] {
  const text = readFileSync(join(packageRoot, "dist", file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const [, body = ""] = text.split(declaration);
  const [own = ""] = body.split(/^\}/m);
  const names = [...own.matchAll(/^ {4}(?:readonly |abstract |get )*([a-z]\w*)[(<:]/gm)].map(([, name = ""]) => name);
  return [...new Set(names)].filter((name) => name !== "constructor");
}

test.each([
  ["ctx", () => members("core/actor/context.d.ts", "export interface Context {")],
  [
    "system",
    () => [
      ...new Set([
        ...members("core/system/system.d.ts", "export declare class System "),
        ...members("mofa-system.d.ts", "export declare class MofaSystem "),
      ]),
    ],
  ],
  ["A ref", () => members("core/actor/ref.d.ts", "export declare abstract class Ref<")],
])("the table of %s has every verb once, and no other", (title, known) => {
  expect(known().length).toBeGreaterThan(7);
  expect(documented(title).sort()).toEqual(known().sort());
});

test("the table of a behaviour has every key of servers and actors", () => {
  const wrong = { nothing: 1 } as never;
  const taken = [() => defineServer(wrong), () => defineActor(wrong)].flatMap((define) => {
    try {
      define();
      return ["nothing was refused"];
    } catch (error) {
      return ((error as Error).message.split("it takes ")[1] ?? "").split(", ");
    }
  });
  expect(documented("A behaviour").sort()).toEqual([...new Set(taken)].sort());
});

test.each(["ctx", "system", "A ref", "A behaviour"])("each row of %s says what its verbs do", (title) => {
  expect(rows(title).filter((cells) => cells.length !== 4 || (cells[1] ?? "").length < 8)).toEqual([]);
});
