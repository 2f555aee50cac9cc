/** The runtime's actors with a thread or process of their own, called from main. */
import { type ChildSpec, type MofaSystem, type Ref, startSystem } from "../../index.ts";
import { echo } from "../behaviours.ts";
import { type Contender, heldUnknown } from "../harness.ts";
import { type TimedPlay, timeEach } from "./stopwatch.ts";
import { systemContender } from "./system-contender.ts";

/** What is timed. An operation's number comes back as its answer. */
export type Isolated = "start" | "call" | "loss";

export interface IsolatedOptions {
  readonly name: string;
  readonly scenario: Isolated;
  readonly isolation: "thread" | "process";
}

export function isolated({ name, scenario, isolation }: IsolatedOptions): Contender {
  const start = async () => {
    const system = await startSystem({ threads: 1, spare: false, checks: false });
    return { system, play: await plays[scenario](system, isolation) };
  };
  const contender = systemContender(name, start, ({ play }, size) => timeEach(size, play));
  return isolation === "process" ? { ...contender, held: heldUnknown } : contender;
}

const plays: Readonly<
  Record<Isolated, (system: MofaSystem, isolation: IsolatedOptions["isolation"]) => Promise<TimedPlay> | TimedPlay>
> = {
  start: (system, isolation) => async (number, watch) => {
    watch.start();
    const ref = await system.spawn(echo, undefined, { isolation });
    const answer = await ref.call("echo", number);
    watch.lap();
    await system.stopActor(ref);
    return answer;
  },
  call: async (system, isolation) => {
    const ref = await system.spawn(echo, undefined, { isolation });
    return async (number, watch) => {
      watch.start();
      const answer = await ref.call("echo", number);
      watch.lap();
      return answer;
    };
  },
  loss: async (system, isolation) => {
    const child: ChildSpec = { id: "echo", start: [echo], isolation };
    // Each loss is one restart, and there is no end of them.
    const tree = await system.supervise({ children: [child], intensity: 1_000_000, periodMs: 1 });
    return async (number, watch) => {
      const ref = (await tree.whichChildren())[0]?.ref as Ref;
      const restarted = new Promise<void>((resolve) => {
        const stop = system.events.on("restarted", () => {
          stop();
          resolve();
        });
      });
      watch.start();
      const pid = system.processes()[0]?.pid;
      if (isolation === "process" && pid !== undefined) process.kill(pid, "SIGKILL");
      else system.exit(ref, "kill");
      await restarted;
      const successor = (await tree.whichChildren())[0]?.ref as Ref;
      const answer = (await system.call(successor, "echo", number)) as number;
      watch.lap();
      return answer;
    };
  },
};
