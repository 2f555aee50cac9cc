/** Services, packages and programs that a machine may have or not, where they are looked for, and whether they are there. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";

export interface Service {
  readonly name: string;
  readonly url: string;
  /** Where another one can be named. */
  readonly variable: string;
}

export const postgres: Service = service("PostgreSQL", "MOFA_TEST_POSTGRES", "postgres://root@127.0.0.1:5432/test");
export const mysql: Service = service("MySQL or MariaDB", "MOFA_TEST_MYSQL", "mysql://root@127.0.0.1:3306/test");

/** A package that is not installed with the others. */
export interface PackageBeside {
  readonly name: string;
  /** The command. */
  readonly install: string;
}

/** It may need a compiler. As an optional peer it would not be installed without the second flag. */
export const sqlite3: PackageBeside = { name: "sqlite3", install: "npm install --no-save --save-dev sqlite3" };

/** What llama.cpp is in for this machine, as node-llama-cpp brings it; with it comes that package. */
export const llamaBinary: PackageBeside = {
  name: `@node-llama-cpp/${binaryFor(process.platform, process.arch)}`,
  install: "npm ci",
};

function binaryFor(platform: string, arch: string): string {
  if (platform === "darwin") return arch === "arm64" ? "mac-arm64-metal" : "mac-x64";
  return `${platform === "win32" ? "win" : platform}-${arch}`;
}

/** A program that a machine may have. */
export interface Tool {
  readonly name: string;
  /** As it is called. */
  readonly tool: string;
  /** With which it ends well where it works. */
  readonly args: readonly string[];
  /** What needs it is left out also where services are required. */
  readonly isNeverRequired?: boolean;
}

/** Tells which calls of the kernel a program makes. */
export const strace: Tool = { name: "strace", tool: "strace", args: ["-f", "-o", "/dev/null", "true"] };

/** Gives a program a terminal of its own. */
export const python: Tool = { name: "Python", tool: "python3", args: ["-c", "import pty"] };

function service(name: string, variable: string, url: string): Service {
  return { name, variable, url: process.env[variable] ?? url };
}

/** What needs one of them is not left out where it is missing, but fails. */
export function areServicesRequired(): boolean {
  return process.env["MOFA_TEST_SERVICES"] === "required";
}

/** Undefined: it is installed, it works, or somebody listens there. */
export async function whyMissing(wanted: Service | PackageBeside | Tool): Promise<string | undefined> {
  if ("tool" in wanted) {
    const { status, error } = spawnSync(wanted.tool, wanted.args);
    return status === 0
      ? undefined
      : `${wanted.name} does not work here: ${error?.message ?? `${wanted.tool} ends with ${status}`}`;
  }
  if ("install" in wanted)
    return isInstalled(wanted.name) ? undefined : `the package ${wanted.name} is not installed: ${wanted.install}`;
  const { name, url, variable } = wanted;
  const { host, hostname, port } = new URL(url);
  const isThere = await new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
  return isThere ? undefined : `no ${name} answers at ${host}: name another by ${variable}`;
}

/** By its page: not all can be resolved from a module of the other kind. */
function isInstalled(name: string): boolean {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  return folders.some((folder) => existsSync(join(folder, name, "package.json")));
}
