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

/** Living processes with that in their arguments. @param parent those alone that it has started */
export async function livingWith(token: string, parent?: number): Promise<number[]> {
  // Their environment is not looked at, which the plugin does.
  const { stdout } = await run("ps", ["-eo", "pid=,ppid=,stat=,args="], { maxBuffer: 2 ** 26 });
  return stdout
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [])
    .filter(
      ([, , of, state = "Z", args = ""]) =>
        state[0] !== "Z" && args.includes(token) && (parent ?? Number(of)) === Number(of),
    )
    .map(([, pid]) => Number(pid));
}

/** Resolves when there are so many. */
export async function whenLiving(token: string, count: number): Promise<void> {
  while ((await livingWith(token)).length < count);
}

/** Resolves when there is none. The test's own time limit ends it where that is never. */
export async function whenGone(token: string, parent?: number): Promise<void> {
  while ((await livingWith(token, parent)).length > 0);
}
