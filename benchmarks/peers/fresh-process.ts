/** Programs that are started for one operation each and tell their own figure: what the operating system takes before is not in it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Contender, heldUnknown } from "../harness.ts";
import { siblingModule } from "./thread-contender.ts";

export interface FreshProcessOptions {
  readonly name: string;
  /** Name of a module in `peers/`, without its ending; it is given a number, and writes `Told`. */
  readonly program: "start-system" | "start-workers";
  /** From which moment of the process: before its first import, or its own beginning, which Node's start is in. */
  readonly since: "import" | "process";
}

export function freshProcess({ name, program, since }: FreshProcessOptions): Contender {
  const file = fileURLToPath(siblingModule(program, import.meta.url));
  const closed = new AbortController();
  return {
    name,
    dividedBy: 1,
    async run(size) {
      const latenciesUs = new Float64Array(size);
      let result = 0;
      for (let number = 0; number < size; number += 1) {
        const args = [...process.execArgv, file, String(number)];
        const { stdout } = await promisify(execFile)(process.execPath, args, {
          signal: closed.signal,
          killSignal: "SIGKILL",
        });
        const told = JSON.parse(stdout) as Told;
        result += told.answer;
        latenciesUs[number] = (told.endMs - (since === "import" ? told.importMs : 0)) * 1_000;
      }
      return { result, elapsedMs: latenciesUs.reduce((sum, one) => sum + one, 0) / 1_000, latenciesUs };
    },
    held: heldUnknown,
    async close() {
      closed.abort();
    },
  };
}

/** What a program writes to its output: moments in milliseconds of its own life. */
export interface Told {
  readonly answer: number;
  /** Before the first import. */
  readonly importMs: number;
  /** When it was answered. */
  readonly endMs: number;
}
