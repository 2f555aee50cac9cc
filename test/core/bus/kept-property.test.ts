/**
 * core/SEMANTICS.md, S17 under any interleaving of publish, join, leave, acknowledge, refuse, crash, kill, pause, time, loss of
 * a thread and kill of `system.bus`. A run that fails is told with its seed and what led there.
 */
import { test } from "@jest/globals";
import fc from "fast-check";
import { type Deed, KeptRun } from "./kept-run.ts";

const runs = 300;

const deed: fc.Arbitrary<Deed> = fc.tuple(fc.nat(11), fc.nat(20), fc.nat(300));

test(`S17 holds for ${runs} runs`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(deed, { maxLength: 120, size: "max" }), async (seed, deeds) => {
      const breaches = await new KeptRun(seed).breaches(deeds);
      if (breaches.length > 0) throw new Error(breaches.slice(0, 10).join("\n"));
    }),
    // A failure is made smaller for so long.
    { numRuns: runs, interruptAfterTimeLimit: 60_000 },
  );
}, 120_000);
