/**
 * Processes with a durable topic and durable tasks over one store, one after the other (`behaviours/durable-program`), and what has
 * come through their pipes: whether every message that was answered was handled, and every task that was accepted done.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FailPoint } from "../../core/index.ts";
import type { DurableStore, StoreConfig } from "./durable-stores.ts";
import { check } from "./stress-report.ts";

const program = fileURLToPath(new URL("behaviours/durable-program.js", import.meta.url));

/** `load`: until it is killed. `forget`: the same over a store that forgets some of what it answers. `drain`: nothing new, until all is done. */
export type DurableWork = "load" | "forget" | "drain";

export interface DurableDeath {
  /** Killed by itself there, the so manieth time that it comes there. */
  readonly at?: readonly [point: FailPoint, time: number];
  /** Killed when so many lines have come. */
  readonly afterLines?: number;
}

export class DurableBook {
  readonly #store: DurableStore;
  readonly #config: StoreConfig;
  readonly #kept = new Map<string, number>();
  readonly #accepted = new Set<string>();
  readonly #handled = new Map<string, number>();
  readonly #done = new Map<string, number>();

  constructor(store: DurableStore, config: StoreConfig) {
    this.#store = store;
    this.#config = config;
  }

  /** That were answered. */
  get messages(): number {
    return this.#kept.size;
  }

  /** That were accepted. */
  get tasks(): number {
    return this.#accepted.size;
  }

  /** Messages and tasks that came more than once. */
  get again(): number {
    return [...this.#handled.values(), ...this.#done.values()].filter((times) => times > 1).length;
  }

  /** What is wrong when all that was left is done, in words. */
  faults(): string[] {
    const lost = [...this.#kept.keys()].filter((id) => !this.#handled.has(id)).map((id) => `message ${id} is lost`);
    for (const id of this.#accepted) if (!this.#done.has(id)) lost.push(`task ${id} is lost`);
    const numbers = new Set(this.#kept.values());
    if (numbers.size !== this.#kept.size) lost.push(`${this.#kept.size} messages have ${numbers.size} numbers`);
    return lost;
  }

  /** Runs a process until it has ended, or is killed; by which signal. @throws Error it ended by itself, and not well. */
  async run(work: DurableWork, { at, afterLines }: DurableDeath = {}): Promise<NodeJS.Signals | null> {
    const env = { ...process.env };
    if (at !== undefined) env["MOFA_FAIL_POINT"] = at.join(":");
    const args = [program, this.#store.name, JSON.stringify(this.#config), work];
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) =>
      child.on("close", (code, signal) => resolve([code, signal])),
    );
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    let left = afterLines ?? Number.POSITIVE_INFINITY;
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? ""; // a line that was not written to its end says nothing
      for (const line of lines) this.#note(line);
      left -= lines.length;
      if (left <= 0) child.kill("SIGKILL");
    });
    const [code, signal] = await ended;
    check(
      signal === "SIGKILL" || code === 0,
      `the program over ${this.#store.name} ended with ${signal ?? code}: ${said}`,
    );
    return signal;
  }

  /** Does what is left; what is wrong then. */
  async drain(): Promise<string[]> {
    check((await this.run("drain")) === null, `what is left in ${this.#store.name} was not done`);
    return this.faults();
  }

  #note(line: string): void {
    const [word, id = "", seq] = line.split(" ");
    if (word === "kept") this.#kept.set(id, Number(seq));
    else if (word === "accepted") this.#accepted.add(id);
    else if (word === "handled") this.#handled.set(id, (this.#handled.get(id) ?? 0) + 1);
    else if (word === "done") this.#done.set(id, (this.#done.get(id) ?? 0) + 1);
    else throw new Error(`broken: the program said "${line}"`);
  }
}
