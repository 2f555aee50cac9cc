/** The result as a person reads it. */
import pc from "picocolors";
import { numberText } from "./number-text.ts";
import type { DemoResult } from "./result.ts";

export function summaryText(outcome: DemoResult): string {
  const { result, tasks, faults, recoveryMs, memory } = outcome;
  const rows: readonly (readonly [string, string])[] = [
    [
      "counted",
      `${numberText(result.files)} files: ${numberText(result.lines)} lines, ${numberText(result.words)} words, ${numberText(result.bytes)} bytes, as wc has them`,
    ],
    [
      "tasks",
      `${numberText(tasks.done)} done, ${numberText(tasks.retried)} handed out again, ${numberText(tasks.lost)} lost`,
    ],
    [
      "agents",
      `${numberText(outcome.agents)} on ${outcome.threads} threads, restarted ${numberText(outcome.restarts)} times`,
    ],
    [
      "faults",
      `${numberText(faults.thrown)} thrown, ${numberText(faults.poisoned)} poison messages, ${numberText(faults.threadsLost)} threads lost`,
    ],
    [
      "recovery",
      recoveryMs.p50 === null
        ? "nothing to recover from"
        : `p50 ${recoveryMs.p50} ms, p99 ${recoveryMs.p99} ms, from fault to the successor's first task`,
    ],
    ["memory", `${numberText(memory.rssMb)} MB, at most ${numberText(memory.peakRssMb)} MB`],
    ["time", `${(outcome.durationMs / 1_000).toFixed(1)} s, plan ${outcome.planHash}`],
  ];
  const isWhole = tasks.lost === 0;
  const verdict = isWhole ? pc.green("Nothing was lost.") : pc.red("Tasks were lost.");
  return `${verdict}\n${rows.map(([name, text]) => `  ${name.padEnd(9)} ${text}\n`).join("")}`;
}
