/** A contender that runs in a system of its own, which its first run starts. */
import type { MofaSystem } from "../../index.ts";
import type { Contender } from "../harness.ts";
import { gaugeThreads } from "./gauged.ts";

export function systemContender<T extends { readonly system: MofaSystem }>(
  name: string,
  start: () => Promise<T>,
  play: (started: T, size: number) => ReturnType<Contender["run"]>,
): Contender {
  let running: Promise<T> | undefined;
  let gauged: Promise<void> | undefined;
  return {
    name,
    dividedBy: 1,
    async run(size) {
      running ??= start();
      const started = await running;
      gauged ??= gaugeThreads(started.system);
      await gauged;
      return await play(started, size);
    },
    async close() {
      const started = running;
      running = undefined;
      // A start that failed was reported by the run that asked for it, and has left nothing to stop.
      const system = await started?.then(
        ({ system: one }) => one,
        () => undefined,
      );
      await system?.stop();
    },
  };
}
