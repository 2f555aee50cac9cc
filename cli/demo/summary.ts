/** The result as a person reads it. */
import pc from "picocolors";
import { reasonText } from "../../index.ts";
import { countText, numberText } from "../number-text.ts";
import type { DemoResult } from "./result.ts";

export function summaryText(outcome: DemoResult): string {
  const { result, tasks, faults, models, recoveryMs, memory } = outcome;
  const rows: readonly (readonly [string, string])[] = [
    [
      "counted",
      `${countText(result.files, "file")}: ${numberText(result.lines)} lines, ${numberText(result.words)} words, ${numberText(result.bytes)} bytes`,
    ],
    [
      "tasks",
      `${numberText(tasks.done)} done, ${numberText(tasks.retried)} handed out again, ${numberText(tasks.lost)} lost`,
    ],
    [
      "agents",
      `${numberText(outcome.agents)} on ${countText(outcome.threads, "thread")}, restarted ${countText(outcome.restarts, "time")}`,
    ],
    [
      "faults",
      `${numberText(faults.thrown)} thrown, ${countText(faults.looped, "endless turn")} cut down, ${countText(faults.exited, "call")} of process.exit, ` +
        `${countText(faults.poisoned, "poison message")}, ${countText(faults.threadsLost, "thread")} lost`,
    ],
    ...(outcome.processEnds.length === 0
      ? []
      : [
          [
            "processes",
            outcome.processEnds.map(({ by, reason }) => `${by} (${reasonText(reason)})`).join(", "),
          ] as const,
        ]),
    ...(outcome.runaway === null ? [] : [["runaway", firstFrame(outcome.runaway)] as const]),
    [
      "thinking",
      `${numberText(models.tokens)} tokens, ${countText(models.toolCalls, "call")} of a tool, ${countText(models.sessionsRecovered, "session")} gone on with after a kill, ` +
        `${countText(models.budgetStops, "agent")} out of budget`,
    ],
    [
      "recovery",
      recoveryMs.p50 === null
        ? "nothing to recover from"
        : `p50 ${recoveryMs.p50} ms, p99 ${recoveryMs.p99} ms, until the successor's first task`,
    ],
    ["memory", `${numberText(memory.rssMb)} MB, at most ${numberText(memory.peakRssMb)} MB`],
    ["time", `${(outcome.durationMs / 1_000).toFixed(1)} s, plan ${outcome.planHash}`],
  ];
  const isWhole = tasks.lost === 0;
  const verdict = isWhole ? pc.green("Nothing was lost.") : pc.red("Tasks were lost.");
  return `${verdict}\n${rows.map(([name, text]) => `  ${name.padEnd(9)} ${text}\n`).join("")}`;
}

/** Where it was, as one line. */
function firstFrame(stack: string): string {
  return (
    stack
      .split("\n")
      .find((line) => /^\s*at /.test(line))
      ?.trim() ?? stack
  );
}
