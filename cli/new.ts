/** `mofa new`: a project with an agent of one's own, as it stands in examples/project. */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { RuntimeError } from "../index.ts";
import { printable } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { packageNameFault } from "./package-name.ts";

/** As `--json` prints it. */
interface NewResult {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  readonly files: readonly string[];
  /** Commands, in their order. */
  readonly next: readonly string[];
}

/** This file runs as dist/cli/new.js. */
const packageRoot = fileURLToPath(new URL("../../", import.meta.url));
const template = join(packageRoot, "examples", "project");
/** By their names there: npm packs no .gitignore, and a package.json would make a package of its own of that folder. */
const files: Readonly<Record<string, string>> = {
  "agent.ts": "agent.ts",
  "agent.test.ts": "agent.test.ts",
  "_package.json": "package.json",
  "README.md": "README.md",
  "tsconfig.json": "tsconfig.json",
  _gitignore: ".gitignore",
};
/** What the project and its agent are called there. */
const templateName = "my-agent";
const agentNameLengthMax = 64;

export function describe(command: Command): void {
  command
    .argument(
      "<name>",
      "of the project, as npm takes it, and of its folder here; of @scope/name the part behind the slash",
    )
    .option("--json", "print { name, folder, files, next }")
    .addHelpText("after", "\nThe project has an agent with a tool of its own, and tests; it asks no network.");
}

export function run(
  [name = ""]: readonly string[],
  { json }: Readonly<Record<string, unknown>>,
  { out, err }: CommandContext,
): Promise<ExitCode> {
  const fault = packageNameFault(name);
  if (fault !== undefined) {
    err.write(`mofa new: ${printable(JSON.stringify(name))} is no name for a project: ${fault}\n`);
    return Promise.resolve(exitCodes.usage);
  }
  const made = makeProject(name);
  if (json === true) out.write(`${JSON.stringify(made)}\n`);
  else {
    out.write(`${made.folder}: ${made.files.join(", ")}\n`);
    err.write(`next: ${made.next.join(" && ")}\n`);
  }
  return Promise.resolve(exitCodes.ok);
}

/** @throws RuntimeError `bad_argument`: there is such a folder, with something in it. What the file system says, too; nothing is left then. */
function makeProject(name: string): NewResult {
  const short = name.slice(name.indexOf("/") + 1);
  const folder = resolve(short);
  assertFree(folder);
  // Whole or not at all: it is made beside, and takes its name at the end.
  const draft = resolve(`.mofa-new-${process.pid}`);
  mkdirSync(draft);
  try {
    for (const [from, to] of Object.entries(files))
      writeFileSync(join(draft, to), textOf(to, readFileSync(join(template, from), "utf8"), name, short));
    takeName(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
  return { name, folder, files: Object.values(files), next: nextFor(short, folder) };
}

/** @throws RuntimeError `bad_argument` */
function assertFree(folder: string): void {
  const there = lstatSync(folder, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isDirectory()) throw new RuntimeError("bad_argument", `${folder} is there already, and no folder`);
  if (readdirSync(folder).length > 0)
    throw new RuntimeError(
      "bad_argument",
      `${folder} is there already, and not empty: take another name, or remove it`,
    );
}

/** An empty folder makes way: not all systems put another in its place. */
function takeName(draft: string, folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) !== undefined) rmdirSync(folder);
  renameSync(draft, folder);
}

function textOf(file: string, text: string, name: string, short: string): string {
  if (file === "package.json") return manifestOf(text, name);
  if (!file.endsWith(".ts")) return text.replaceAll(templateName, name);
  return text.replaceAll(templateName, short.replaceAll(/[^\w-]/g, "-").slice(0, agentNameLengthMax));
}

/** With the version of the package that runs. */
function manifestOf(text: string, name: string): string {
  const manifest = JSON.parse(text) as { readonly dependencies: object };
  const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
    readonly version: string;
  };
  const dependencies = { ...manifest.dependencies, mofa: `^${version}` };
  return `${JSON.stringify({ ...manifest, name, dependencies }, null, 2)}\n`;
}

function nextFor(short: string, folder: string): readonly string[] {
  return [`cd ${short}`, ...(findsMofa(folder) ? [] : [installCommand()]), "npm test", "npm start"];
}

/** Below a folder that has mofa installed nothing has to be. */
function findsMofa(folder: string): boolean {
  const folders = createRequire(join(folder, "agent.ts")).resolve.paths("mofa") ?? [];
  return folders.some(
    (one) => statSync(join(one, "mofa", "package.json"), { throwIfNoEntry: false })?.isFile() === true,
  );
}

/** Of a clone it is a link to that. */
function installCommand(): string {
  const isInstalled = /[\\/]node_modules[\\/]/.test(packageRoot);
  return isInstalled ? "npm install" : `npm install ${JSON.stringify(packageRoot.replace(/[\\/]$/, ""))}`;
}
