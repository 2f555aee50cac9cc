/** A contender that runs in a system of its own, which its first run starts. */
import type { MofaSystem } from "../../index.ts";
import type { Contender } from "../harness.ts";

export function systemContender<T extends { readonly system: MofaSystem }>(
  name: string,
  start: () => Promise<T>,
  play: (started: T, size: number) => ReturnType<Contender["run"]>,
): Contender {
  let running: Promise<T> | undefined;
  return {
    name,
    dividedBy: 1,
    async run(size) {
      running ??= start();
      return await play(await running, size);
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
