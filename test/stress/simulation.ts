/** Seeded programs on simulated threads, held against the clauses of core/SEMANTICS.md: `../simulation/README.md`. */
import { runSeeds } from "../simulation/seed-runs.ts";
import { check, report } from "./stress-report.ts";

const seeds = Number(process.argv[2] ?? 10_000);

const startedAt = performance.now();
const { ran, steps, failed } = await runSeeds(seeds);
for (const { seed, breaches } of failed)
  for (const { clause, what } of breaches) console.log(`seed ${seed}: ${clause}: ${what}`);
check(failed.length === 0, `seeds ${failed.map(({ seed }) => seed).join(", ")} failed`);
check(ran === seeds, `${ran} of ${seeds} seeds ran`);
report({ seeds, steps, durationMs: performance.now() - startedAt });
