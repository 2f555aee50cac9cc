/** The floor: a process of Node that sends back what it gets, over Node's own channel, restarted by hand. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Contender, heldUnknown } from "../harness.ts";
import type { Isolated } from "./isolated.ts";
import { type Stopwatch, timeEach } from "./stopwatch.ts";

const entry = fileURLToPath(new URL("./bare-process-echo.js", import.meta.url));

export function bareProcess(scenario: Isolated): Contender {
  let child: ChildProcess | undefined;
  const start = (): ChildProcess => fork(entry, { serialization: "advanced", execArgv: [] });
  const ask = async (one: ChildProcess, number: number): Promise<number> => {
    const answer = once(one, "message");
    one.send(number);
    return ((await answer) as [number])[0];
  };
  const end = async (one: ChildProcess): Promise<void> => {
    const exit = once(one, "exit");
    one.kill("SIGKILL");
    await exit;
  };
  const play = async (number: number, watch: Stopwatch): Promise<number> => {
    if (scenario === "start") {
      watch.start();
      const one = start();
      child = one;
      const answer = await ask(one, number);
      watch.lap();
      await end(one);
      return answer;
    }
    child ??= start();
    if (scenario === "call") {
      watch.start();
      const answer = await ask(child, number);
      watch.lap();
      return answer;
    }
    watch.start();
    await end(child);
    child = start();
    const answer = await ask(child, number);
    watch.lap();
    return answer;
  };
  return {
    name: "bare process",
    dividedBy: 1,
    run: (size) => timeEach(size, play),
    held: heldUnknown,
    async close() {
      if (child !== undefined && child.exitCode === null && child.signalCode === null) await end(child);
      child = undefined;
    },
  };
}
