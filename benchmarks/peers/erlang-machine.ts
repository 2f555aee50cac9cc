/**
 * One Erlang virtual machine that executes scenarios on request. It reads a line and answers a line (`erlang/mofa_peer.erl`),
 * and ends with its input, so none is left behind whatever becomes of this process.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Held } from "../harness.ts";
import type { Repetition } from "./scenario.ts";

/** Where Erlang likes, which keeps a pair of processes on one scheduler; or the two sides pinned to one each. */
export type ErlangPlacement = "free" | "apart";

/** A million at once, and some; the default is a quarter of that. */
const processesMax = 2_097_152;

export class ErlangMachine {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  /** The one request under way. */
  #pending: PromiseWithResolvers<string> | undefined;

  /** @param folder where the compiled modules are */
  constructor(folder: string, schedulers: number) {
    const limits = ["+S", String(schedulers), "+P", String(processesMax)];
    this.#child = spawn("erl", ["-noshell", "-pa", folder, ...limits, "-s", "mofa_peer", "main"], {
      stdio: ["pipe", "pipe", "inherit"],
      // In a process group of its own: Ctrl-C would open Erlang's break menu.
      detached: true,
      // A machine that fails says so on its output; it need not write a dump into the folder of whoever measures.
      env: { ...process.env, ERL_CRASH_DUMP_SECONDS: "0" },
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#settle()?.resolve(line));
    this.#child.on("error", (error) => this.#settle()?.reject(error));
    this.#child.on("exit", (code) => this.#settle()?.reject(new Error(`erl exited with code ${code}`)));
    // A machine that is gone is reported by its exit; what was still to be written to it fails as well.
    this.#child.stdin.on("error", (error) => this.#settle()?.reject(error));
  }

  /** @throws Error if the scenario failed, or the machine ended. */
  async execute(scenario: string, size: number, placement: ErlangPlacement): Promise<Repetition> {
    const line = await this.#ask(`${scenario} ${size} ${placement}`);
    const [figures = "", bytes] = line.split(" bytes ");
    const [result, elapsedNs, ...latenciesNs] = figures.split(" ").map(Number);
    if (result === undefined || elapsedNs === undefined || Number.isNaN(result)) throw new Error(`erl said: ${line}`);
    const repetition = { result, elapsedMs: elapsedNs / 1e6, ...(bytes !== undefined && { bytes: Number(bytes) }) };
    if (latenciesNs.length === 0) return repetition;
    return { ...repetition, latenciesUs: Float64Array.from(latenciesNs, (ns) => ns / 1_000) };
  }

  /** All that it has of memory for its processes, atoms, code and tables (`erlang:memory(total)`), and what its process holds. */
  async held(): Promise<Held> {
    return { heapBytes: Number(await this.#ask("memory")), rssBytes: await residentBytes(this.#child.pid) };
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #ask(line: string): Promise<string> {
    this.#pending = Promise.withResolvers();
    this.#child.stdin.write(`${line}\n`);
    return this.#pending.promise;
  }

  #settle(): PromiseWithResolvers<string> | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }
}

/** Null where there is no /proc, as Linux has it. */
async function residentBytes(pid: number | undefined): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1_024;
}
