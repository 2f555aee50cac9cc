/** The runtime where Node refuses the inspector, in a process of its own (`--permission`): a thread that is held is ended as a whole. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Contender, heldUnknown } from "../harness.ts";
import type { Repetition } from "./scenario.ts";

export const refusedName = "mofa, no inspector";

export function refused({ dividedBy }: { readonly dividedBy: number }): Contender {
  let child: ChildProcessByStdio<Writable, Readable, null> | undefined;
  let lines: Interface | undefined;
  let ended: Promise<never> | undefined;
  const start = () => {
    const entry = fileURLToPath(new URL("./refused-entry.js", import.meta.url));
    const refuse = ["--permission", "--allow-fs-read=*", "--allow-worker"];
    // Both are what the question is about.
    const quiet = ["--disable-warning=PERM0006", "--disable-warning=MOFA_WATCHDOG_LIMITED"];
    const one = spawn(process.execPath, [...refuse, ...quiet, entry], { stdio: ["pipe", "pipe", "inherit"] });
    lines = createInterface({ input: one.stdout });
    ended = once(one, "exit").then(([code]) => {
      throw new Error(`its process exited with code ${code}`);
    });
    // Its end in order is nobody's failure.
    ended.catch(() => undefined);
    return one;
  };
  return {
    name: refusedName,
    dividedBy,
    async run(size) {
      child ??= start();
      const answer = once(lines as Interface, "line") as Promise<[string]>;
      child.stdin.write(`${size}\n`);
      const [line] = await Promise.race([answer, ended as Promise<never>]);
      const { latenciesUs, ...repetition } = JSON.parse(line) as Repetition & { readonly latenciesUs: number[] };
      return { ...repetition, latenciesUs: Float64Array.from(latenciesUs) };
    },
    held: heldUnknown,
    async close() {
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        const exit = once(child, "exit");
        child.kill("SIGKILL");
        await exit;
      }
      child = undefined;
    },
  };
}
