/** The two forms of the results: a table for people and one line of JSON for machines. */
import { availableParallelism, cpus } from "node:os";
import { runSeed } from "./chance.ts";
import type { GoalResult } from "./goal.ts";
import type { Answer, Figures } from "./harness.ts";
import { erlangRelease } from "./peers/erlang.ts";
import { youngGenerationMb } from "./peers/thread-contender.ts";

export interface Machine {
  readonly node: string;
  /** Flags of the Node process, and what else the contenders were started with. */
  readonly flags: readonly string[];
  /** Of all that is drawn by chance. */
  readonly seed: number;
  readonly cores: number;
  readonly cpu: string;
  /** Undefined where no question asked for it, or it is absent. */
  readonly erlang: string | undefined;
}

/** Call it after the questions, which find out whether Erlang is there. */
export function thisMachine(): Machine {
  const options = process.env["NODE_OPTIONS"];
  return {
    node: process.version,
    flags: [
      ...process.execArgv,
      ...(options === undefined || options === "" ? [] : [`NODE_OPTIONS=${options}`]),
      `maxYoungGenerationSizeMb=${youngGenerationMb}`,
      "checks=false",
    ],
    seed: runSeed(),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? "unknown",
    erlang: erlangRelease(),
  };
}

export function machineLine(machine: Machine): string {
  const { node, erlang, cores, cpu, seed, flags } = machine;
  const parts = [`Node ${node}`, erlang, `${cores} cores (${cpu})`, `seed ${seed}`, flags.join(" ")];
  return parts.filter((part) => part !== undefined).join(", ");
}

/** One answer as lines of text; the ratio is each contender's median by the reference's. */
export function table(answer: Answer): string {
  const title = `${answer.name}: ${answer.question}`;
  const rows = answer.contenders.map((figures) => [
    figures.name,
    figure(figures.median),
    figure(figures.p99),
    figure(figures.min),
    figure(figures.max),
    String(figures.samples),
    `${figure(figures.ratio)}x`,
  ]);
  const head = [answer.unit, "median", "p99", "min", "max", "samples", `by ${answer.reference ?? "none"}`];
  const notes = [
    ...aligned(memoryRows(answer)),
    ...answer.absent.map(({ name, absent }) => `  ${name}: absent, ${absent}`),
    ...answer.goals.map((goal) => `  goal: ${goalLine(goal)}`),
  ];
  if (answer.unverified !== undefined) return [title, `  NOT VERIFIED: ${answer.unverified}`, ...notes].join("\n");
  return [title, ...aligned([head, ...rows]), ...notes].join("\n");
}

/** What each contender has taken of memory, below a head; a dash: it cannot be told. None where nobody ran. */
export function memoryRows({ unit, contenders }: Answer): string[][] {
  if (contenders.length === 0) return [];
  const operation = unit.slice(unit.indexOf("/") + 1);
  const shown = (value: number | null, by = 1) => (value === null ? "-" : figure(value / by));
  const rows = contenders.map(({ name, allocatedBytes, gcNs, heapBytes, rssBytes }) => [
    name,
    ...[shown(allocatedBytes), shown(gcNs), shown(heapBytes, 2 ** 20), shown(rssBytes, 2 ** 20)],
  ]);
  return [["memory", `bytes/${operation}`, `gc ns/${operation}`, "heap MiB", "RSS MiB"], ...rows];
}

/** All goals of all questions. */
export function goalsTable(answers: readonly Answer[]): string {
  const goals = answers.flatMap(({ name, goals: own }) => own.map((goal) => ({ name, goal })));
  const met = goals.filter(({ goal }) => goal.met).length;
  return [
    `goals: ${met} of ${goals.length} met`,
    ...goals.map(({ name, goal }) => `  ${name}: ${goalLine(goal)}`),
  ].join("\n");
}

/** A goal, and what was reached. */
export function goalLine({ text, against, reached, met }: GoalResult): string {
  if (reached === null) return `${text}: NOT MET, ${against ?? "it"} was not there to be measured`;
  return `${text}: ${met ? "met" : "NOT MET"}, ${figure(reached)}${against === null ? "" : "x"}`;
}

/** Of one file, or of all; a ratio above 1: ours is better. */
export function jsonLine(isQuick: boolean, machine: Machine, answers: readonly Answer[]): string {
  const { node, flags, seed, ...rest } = machine;
  const results = answers.map(resultOf);
  return JSON.stringify({ machine: rest, node, flags, seed, quick: isQuick, results }, (_key, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(6)) : value,
  );
}

function resultOf({ name, contenders, goals, ...rest }: Answer): object {
  const [own, ...peers] = contenders;
  return {
    benchmark: name,
    ...rest,
    ours: own === undefined ? null : withoutName(own),
    peers: Object.fromEntries(peers.map((peer) => [peer.name, withoutName(peer)])),
    goals,
    verified: rest.unverified === undefined,
  };
}

const withoutName = ({ name: _name, ...figures }: Figures): object => figures;

/** The first column to the left, figures to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${cells.join("  ")}`;
  });
}

/** Three digits that mean something, without an exponent. */
export function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);
}
