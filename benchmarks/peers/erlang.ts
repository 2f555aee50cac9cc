/**
 * Erlang/OTP as a contender: the same scenarios in `erlang/`, compiled once into a temporary folder, and one
 * virtual machine for each question, which stays up over all repetitions.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Absent, type Contender, heldUnknown } from "../harness.ts";
import { type PlayName, plays } from "../savina/plays.ts";
import { ErlangMachine, type ErlangPlacement } from "./erlang-machine.ts";
import type { ScenarioName } from "./scenario.ts";

export interface ErlangOptions {
  readonly scenario: ScenarioName | PlayName;
  /** Scheduler threads: erl's `+S`. */
  readonly schedulers: number;
  /** It does one of so many operations; the figures are for one. Default 1. */
  readonly dividedBy?: number;
  /** Default "free"; "apart" wants two schedulers. */
  readonly placement?: ErlangPlacement;
}

interface Installed {
  /** For example "Erlang/OTP 25". */
  readonly release: string;
  /** Where the compiled modules are. */
  readonly folder: string;
}

/** Looked for when first asked; false once it was not found. */
let installed: Installed | false | undefined;

/** @throws Error if the sources do not compile. */
export function erlang({ scenario, schedulers, dividedBy = 1, placement = "free" }: ErlangOptions): Contender | Absent {
  const name = `erlang +S ${schedulers}${placement === "free" ? "" : ` ${placement}`}`;
  installed ??= find();
  if (installed === false) return { name, absent: "no erl and erlc on the PATH" };
  const { folder } = installed;
  let machine: ErlangMachine | undefined;
  return {
    name,
    dividedBy,
    run(size) {
      machine ??= new ErlangMachine(folder, schedulers);
      return machine.execute(`${moduleOf(scenario)}:${scenario.replaceAll("-", "_")}`, size, placement);
    },
    held: () => machine?.held() ?? heldUnknown(),
    async close() {
      machine?.kill();
      machine = undefined;
    },
  };
}

/** The program of `erlang/` that a scenario stands in. */
function moduleOf(scenario: ScenarioName | PlayName): string {
  if (scenario === "restart-storm" || scenario === "crash-to-answer") return "mofa_restarts";
  if (scenario === "start-child") return "mofa_idle";
  if (["fairness", "call-beside-pairs", "call-beside-flood"].includes(scenario)) return "mofa_neighbours";
  return Object.hasOwn(plays, scenario) ? "mofa_savina" : "mofa_scenarios";
}

/** "Erlang/OTP 25", or undefined where there is none or none was asked for. */
export function erlangRelease(): string | undefined {
  return installed ? installed.release : undefined;
}

function find(): Installed | false {
  try {
    const release = run("erl", ["-noinput", "-eval", "io:put_chars(erlang:system_info(otp_release)),halt()."]);
    const folder = mkdtempSync(join(tmpdir(), "mofa-erlang-"));
    process.once("exit", () => rmSync(folder, { recursive: true }));
    const files = readdirSync(sources()).filter((file) => file.endsWith(".erl"));
    run("erlc", ["-o", folder, ...files.map((file) => join(sources(), file))]);
    return { release: `Erlang/OTP ${release}`, folder };
  } catch (error) {
    const { code, signal, syscall } = error as { code?: unknown; signal?: unknown; syscall?: string }; // of a child process that failed
    const isMissing = code === "ENOENT" && syscall?.startsWith("spawn") === true;
    // Ctrl-C went to both of us, and ends the whole run next.
    if (isMissing || signal === "SIGINT") return false;
    throw error;
  }
}

/** What the program wrote. With +Bi it does not answer Ctrl-C with a menu. */
function run(program: string, args: readonly string[]): string {
  const env = { ...process.env, ERL_FLAGS: `${process.env["ERL_FLAGS"] ?? ""} +Bi` };
  return execFileSync(program, args, { encoding: "utf8", env, stdio: ["ignore", "pipe", "inherit"] });
}

/** The compiler of TypeScript leaves them where they are: beside this file, or in the tree that dist/ stands in. */
function sources(): string {
  const beside = fileURLToPath(new URL("./erlang/", import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL("../../../benchmarks/peers/erlang/", import.meta.url));
}
