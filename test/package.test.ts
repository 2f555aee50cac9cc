/**
 * What a stranger meets first: the README's program, the links between the pages, the entry points.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import { benchmarkFiles } from "../benchmarks/index.ts";
import { importsOf } from "./support/imports.ts";
import { packageRoot } from "./support/package-root.ts";
import { entryPoints } from "./support/public-names.ts";
import { runProgram } from "./support/run-program.ts";
import { readSources } from "./support/sources.ts";

const readme = readFileSync(join(packageRoot, "README.md"), "utf8");

/** Every page of the package, by its path below it. */
function pages(folder = ""): string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:\.|node_modules$|dist)/.test(entry.name) ? [] : pages(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** A code block of the README, by its place among those in that language. */
const block = (language: string, at: number) => readme.split(`\`\`\`${language}\n`)[at]?.split("\n```")[0] ?? "";

test("the README's first program has twenty lines; it and the second compile by the README's tsconfig, and run as written", async () => {
  const program = block("ts", 1);
  expect(program.trim().split("\n").length).toBeLessThanOrEqual(20);
  // Inside the package, so that it finds `mofa` as a program that has installed it would.
  const folder = mkdtempSync(join(packageRoot, "dist", "test", "hello-"));
  try {
    writeFileSync(join(folder, "hello.ts"), program);
    writeFileSync(join(folder, "main.ts"), block("ts", 2));
    writeFileSync(join(folder, "tsconfig.json"), block("json", 1));
    const tsc = join(packageRoot, "node_modules/typescript/bin/tsc");
    const [compiled, ran, ranOther] = await Promise.all([
      runProgram(process.execPath, [tsc, "--project", folder]),
      runProgram(process.execPath, ["hello.ts"], { cwd: folder }),
      runProgram(process.execPath, ["main.ts"], { cwd: folder }),
    ]);
    expect(compiled).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    expect(ran).toEqual({
      code: 0,
      signal: null,
      stdout: "7\nfailed: out of paper\ndown: error: out of paper\n",
      stderr: "",
    });
    expect(ranOther).toEqual({
      code: 0,
      signal: null,
      stdout: "hits call crash() error: out of paper\n7\n",
      stderr: "",
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 30_000);

test("every link between the pages leads to a file", async () => {
  const broken: string[] = [];
  let seen = 0;
  for (const page of pages()) {
    const text = readFileSync(join(packageRoot, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)\s]*)?(?: "[^"]*")?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      seen += 1;
      await access(join(packageRoot, dirname(page), target)).catch(() => broken.push(`${page}: ${target}`));
    }
  }
  expect(broken).toEqual([]);
  expect(seen).toBeGreaterThan(5);
});

test("every entry point can be imported, and has declarations", async () => {
  expect(entryPoints().length).toBeGreaterThan(0);
  for (const { file, types } of entryPoints()) {
    await access(join(packageRoot, types));
    expect(Object.keys(await import(pathToFileURL(join(packageRoot, file)).href))).not.toEqual([]);
  }
});

/** Files that are loaded with one, since it imports them without waiting for anything. */
function loadedWith(entry: string, sources: ReadonlyMap<string, string>, seen = new Set<string>()): Set<string> {
  const source = sources.get(entry);
  if (source === undefined || seen.has(entry)) return seen;
  seen.add(entry);
  for (const { specifier, kind } of importsOf(source))
    if (kind === "static" && specifier.startsWith("."))
      loadedWith(posix.join(posix.dirname(entry), specifier), sources, seen);
  return seen;
}

test("a package that is installed beside is loaded by no entry point, but when it is needed", () => {
  const { peerDependenciesMeta } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
  const beside = Object.keys(peerDependenciesMeta);
  const sources = readSources();
  const entries = entryPoints().map(({ file }) => file.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts"));
  const loaded = new Set(entries.flatMap((entry) => [...loadedWith(entry, sources)]));
  const knows = ([, source]: readonly [string, string]) =>
    importsOf(source).some(({ specifier }) => beside.includes(specifier.split("/")[0] ?? ""));
  const knowing = [...sources].filter(([file]) => file.startsWith("plugins/")).filter(knows);
  expect(knowing.length).toBeGreaterThanOrEqual(beside.length);
  expect(knowing.map(([file]) => file).filter((file) => loaded.has(file))).toEqual([]);
});

test("a benchmark loads no package but those that are installed with mofa: a peer that may be absent is loaded in its own thread", () => {
  const { dependencies } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
  const sources = readSources();
  const loaded = new Set(benchmarkFiles.flatMap((file) => [...loadedWith(`benchmarks/${file}.ts`, sources)]));
  const imported = [...loaded].flatMap((file) => importsOf(sources.get(file) ?? ""));
  const foreign = imported.filter(({ specifier, kind }) => kind === "static" && !/^(?:\.|node:)/.test(specifier));
  const packages = new Set(foreign.map(({ specifier }) => packageOf(specifier)));
  expect(loaded.size).toBeGreaterThan(benchmarkFiles.length);
  expect([...packages].filter((name) => dependencies[name] === undefined)).toEqual([]);
});

/** Of "msgpackr/pack" the package is the first part, of "@scope/name/part" the first two. */
const packageOf = (specifier: string): string => specifier.match(/^(?:@[^/]+\/)?[^/]+/)?.[0] ?? specifier;

test("every package that a user's program loads is installed with mofa, or named as one that may be beside", () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(
    readFileSync(join(packageRoot, "package.json"), "utf8"),
  );
  expect(Object.keys(peerDependencies)).toEqual(Object.keys(peerDependenciesMeta));
  const shipped = [...readSources()].filter(([file]) => !/^(?:test|benchmarks|examples|jest\..*config\.ts)/.test(file));
  const imported = shipped.flatMap(([, source]) => importsOf(source).map(({ specifier }) => specifier));
  const foreign = imported.filter((specifier) => !/^(?:\.|node:)/.test(specifier));
  const packages = new Set(foreign.map(packageOf));
  expect(packages.size).toBeGreaterThan(0);
  expect([...packages].filter((name) => (dependencies[name] ?? peerDependencies[name]) === undefined)).toEqual([]);
});

test("every npm script that the pages name exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
  const named = pages().flatMap((page) => {
    const text = readFileSync(join(packageRoot, page), "utf8");
    return [...text.matchAll(/\bnpm (?:-s )?run (?:-s )?([\w:]+)/g)].map(([, name = ""]) => ({ page, name }));
  });
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(({ name }) => scripts[name] === undefined)).toEqual([]);
});
