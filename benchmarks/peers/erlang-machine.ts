/**
 * One Erlang virtual machine that executes scenarios on request. It reads a line and answers a line (`erlang/mofa_peer.erl`),
 * and ends with its input, so none is left behind whatever becomes of this process.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Repetition } from "./scenario.ts";

/** Where Erlang likes, which keeps a pair of processes on one scheduler; or the two sides pinned to one each. */
export type ErlangPlacement = "free" | "apart";

export class ErlangMachine {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  /** The one request under way. */
  #pending: PromiseWithResolvers<string> | undefined;

  /** @param folder where the compiled modules are */
  constructor(folder: string, schedulers: number) {
    this.#child = spawn("erl", ["-noshell", "-pa", folder, "+S", String(schedulers), "-s", "mofa_peer", "main"], {
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
    this.#pending = Promise.withResolvers();
    this.#child.stdin.write(`${scenario} ${size} ${placement}\n`);
    const line = await this.#pending.promise;
    const [result, elapsedNs, ...latenciesNs] = line.split(" ").map(Number);
    if (result === undefined || elapsedNs === undefined || Number.isNaN(result)) throw new Error(`erl said: ${line}`);
    const repetition = { result, elapsedMs: elapsedNs / 1e6 };
    if (latenciesNs.length === 0) return repetition;
    return { ...repetition, latenciesUs: Float64Array.from(latenciesNs, (ns) => ns / 1_000) };
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #settle(): PromiseWithResolvers<string> | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }
}
