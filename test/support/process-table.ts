/** The machine's own table of processes, by the program `ps`: who is there, whoever has started them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
let tokens = 0;

/** What stands in the arguments of a test's processes, and of no others; for `sleep` it is a time. */
export function processToken(): string {
  tokens++;
  return `9${process.pid}0${tokens}`;
}

/** Living processes with that in their arguments. */
export async function livingWith(token: string): Promise<number[]> {
  // Their environment is not looked at, which the plugin does.
  const { stdout } = await run("ps", ["-eo", "pid=,stat=,args="], { maxBuffer: 2 ** 26 });
  return stdout
    .split("\n")
    .filter((line) => line.includes(token) && !/^\s*\d+\s+Z/.test(line))
    .map((line) => Number.parseInt(line, 10));
}

/** Resolves when there are so many. */
export async function whenLiving(token: string, count: number): Promise<void> {
  while ((await livingWith(token)).length < count);
}

/** Resolves when there is none. The test's own time limit ends it where that is never. */
export async function whenGone(token: string): Promise<void> {
  while ((await livingWith(token)).length > 0);
}
