/**
 * 200 scheduler threads are ended one after the other, under load; after each loss every supervised child is back,
 * answers, and its old ref is dead.
 */
import { startSystem } from "../../index.ts";
import { idle } from "./behaviours/idle.ts";
import { check, progress, report } from "./stress-report.ts";

const losses = Number(process.argv[2] ?? 200);
const children = 100;

const startedAt = performance.now();
const system = await startSystem({ threads: 2 });
/** Positions that wait for their new thread, and who waits for that. */
const replaced = new Map<number, PromiseWithResolvers<void>>();
system.events.on("threadStarted", ({ position }) => replaced.get(position)?.resolve());
const tree = await system.supervise({
  strategy: "one_for_one",
  // A loss of one thread counts once (supervisors/README.md); no loss may exhaust the supervisor here.
  intensity: losses + 1,
  periodMs: 3_600_000,
  children: Array.from({ length: children }, (_, n) => ({ id: `child-${n}`, start: [idle, n] as const })),
});
const recoveryMs: number[] = [];
for (let loss = 1; loss <= losses; loss++) {
  const position = 1 + (loss % 2);
  const before = await tree.whichChildren();
  const fromMs = performance.now();
  replaced.set(position, Promise.withResolvers());
  await system.terminateThread(position, `loss ${loss}`);
  const after = await allBack();
  recoveryMs.push(performance.now() - fromMs);
  check(after.length === children, `${after.length} of ${children} children after loss ${loss}`);
  const dead = before.filter(({ ref }) => typeof ref === "object" && !system.isAlive(ref)).length;
  check(dead > 0, `loss ${loss} took no actor`);
  await replaced.get(position)?.promise;
  progress(`${loss} of ${losses} threads lost, ${dead} children restarted by the last`);
}
const threadsLost = (await system.stats()).threadsLost;
check(threadsLost === losses, `${threadsLost} losses counted`);
await system.stop();
report({ losses, children, recoveryMs, durationMs: performance.now() - startedAt });

/** Waits until every child answers with its own number. */
async function allBack(): Promise<number[]> {
  for (;;) {
    const entries = await tree.whichChildren();
    const answers = await Promise.allSettled(
      entries.map(async ({ id, ref }) => {
        if (typeof ref !== "object") throw new Error("restarting");
        const n = (await ref.call("get")) as number;
        check(`child-${n}` === id, `${String(id)} answered ${n}`);
        return n;
      }),
    );
    const numbers = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    if (numbers.length === children) return numbers;
  }
}
