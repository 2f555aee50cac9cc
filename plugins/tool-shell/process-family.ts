/**
 * A program with all that it has started, and their end.
 *
 * The program leads a session and a process group of its own, which those that it starts are in, unless they leave them. On Linux they
 * are then found by their session, or by a mark in their environment, which processes hand on (as Jenkins' ProcessTreeKiller does it);
 * one that leaves its session and clears its environment is not. Elsewhere there is the group alone.
 */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { errorData, pause } from "../../core/index.ts";

/** Of the variable that has the mark. */
export const markName = "MOFA_RUN";

/** Between two looks at the table of processes: the first, and the longest of those behind it, each twice as long as the one before. */
const lookMs = 20;
const lookMaxMs = 160;

/** Of Linux, where it is mounted. */
const hasTable = existsSync("/proc/self/environ");

/** For what SIGKILL ends, which the system does at once, unless a device holds it. */
const killMs = 5_000;

const never = new AbortController().signal;

interface Relative {
  readonly pid: number;
  readonly isInGroup: boolean;
}

export class ProcessFamily {
  readonly #group: number;
  readonly #mark: string;

  /** @param group of the program that leads it */
  constructor(group: number, mark: string) {
    this.#group = group;
    this.#mark = mark;
  }

  /** Asks all to end by SIGTERM, and ends those that are there after that time by SIGKILL. @returns whether nobody is left */
  async end(graceMs: number): Promise<boolean> {
    if (!(await this.#signal("SIGTERM"))) return true;
    const hasEnded = async () => (await this.#living()).length === 0;
    if (await within(graceMs, hasEnded)) return true;
    // Again and again: what has left the group may start others while it is looked for.
    return await within(killMs, async () => !(await this.#signal("SIGKILL")));
  }

  /** @returns whether there was anybody */
  async #signal(signal: NodeJS.Signals): Promise<boolean> {
    const living = await this.#living();
    // The number of a group where nobody is left may be somebody else's. All of one get it at once, with no time to start another.
    if (living.some(({ isInGroup }) => isInGroup)) sent(-this.#group, signal);
    for (const { pid, isInGroup } of living) if (!isInGroup) sent(pid, signal);
    return living.length > 0;
  }

  async #living(): Promise<readonly Relative[]> {
    if (!hasTable) return sent(-this.#group, 0) ? [{ pid: this.#group, isInGroup: true }] : [];
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
    const found = await Promise.all(pids.map((pid) => this.#relative(pid)));
    return found.filter((one) => one !== undefined);
  }

  async #relative(pid: number): Promise<Relative | undefined> {
    const stat = await readProcess(pid, "stat");
    // Behind the name of the program, which may have anything in it: state, parent, group, session.
    const [state, , group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === undefined || state === "" || state === "Z" || state === "X") return undefined; // it has ended
    const isInGroup = Number(group) === this.#group;
    if (isInGroup || Number(session) === this.#group) return { pid, isInGroup };
    const variables = (await readProcess(pid, "environ")).split("\0");
    return variables.includes(`${markName}=${this.#mark}`) ? { pid, isInGroup } : undefined;
  }
}

/** Whether it holds within that time. */
async function within(ms: number, holds: () => Promise<boolean>): Promise<boolean> {
  let nextMs = lookMs;
  for (let leftMs = ms; leftMs > 0; ) {
    if (await holds()) return true;
    const waitMs = Math.min(nextMs, leftMs);
    await pause(waitMs, never);
    leftMs -= waitMs;
    nextMs = Math.min(2 * nextMs, lookMaxMs);
  }
  return await holds();
}

/** @returns whether there was somebody who gets it */
function sent(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    const { code } = errorData(error);
    if (code === "ESRCH") return false;
    // It has taken another user's rights.
    if (code === "EPERM") return true;
    throw error;
  }
}

/** Empty where it is gone, or another user's. */
async function readProcess(pid: number, file: "stat" | "environ"): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/${file}`, "latin1");
  } catch (error) {
    const { code = "" } = errorData(error);
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(code)) return "";
    throw error;
  }
}
