/** The runtime's idle actors, each time in a new system: what an earlier million has left of tables would not be counted. */
import { type MofaSystem, startSystem } from "../../index.ts";
import type { Contender } from "../harness.ts";
import { manyIdleDriver } from "../idling.ts";
import { heldBytes } from "./held-bytes.ts";
import { ourName } from "./ours.ts";

export function freshlyIdle(): Contender {
  let system: MofaSystem | undefined;
  const stop = async () => {
    const running = system;
    system = undefined;
    await running?.stop();
  };
  return {
    name: ourName,
    dividedBy: 1,
    async run(size) {
      system = await startSystem({ threads: 1, spare: false, checks: false, turnLimitMs: Number.POSITIVE_INFINITY });
      try {
        const driver = await system.spawn(manyIdleDriver, { partnersThread: 1 }, { placement: { thread: 1 } });
        const before = heldBytes();
        const repetition = await driver.call("play", size, { timeoutMs: Number.POSITIVE_INFINITY });
        // What main holds of them is theirs as well.
        return { ...repetition, bytes: (repetition.bytes ?? 0) + Math.max(0, heldBytes() - before) };
      } finally {
        await stop();
      }
    },
    close: stop,
  };
}
