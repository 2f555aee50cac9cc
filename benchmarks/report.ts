/** The two forms of the results: a table for people and one line of JSON for machines. */
import { availableParallelism, cpus } from "node:os";
import type { Answer } from "./harness.ts";
import { erlangRelease } from "./peers/erlang.ts";
import { youngGenerationMb } from "./peers/thread-contender.ts";

export interface Machine {
  readonly node: string;
  /** Flags of the Node process, and what else the contenders were started with. */
  readonly flags: readonly string[];
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
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? "unknown",
    erlang: erlangRelease(),
  };
}

export function machineLine(machine: Machine): string {
  const { node, erlang, cores, cpu, flags } = machine;
  return [`Node ${node}`, ...(erlang === undefined ? [] : [erlang]), `${cores} cores (${cpu})`, flags.join(" ")].join(
    ", ",
  );
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
    `${figures.ratio.toPrecision(3)}x`,
  ]);
  const head = [answer.unit, "median", "p99", "min", "max", "samples", `by ${answer.reference ?? "none"}`];
  const notes = answer.absent.map(({ name, absent }) => `  ${name}: absent, ${absent}`);
  if (answer.unverified !== undefined) return [title, `  NOT VERIFIED: ${answer.unverified}`, ...notes].join("\n");
  return [title, ...aligned([head, ...rows]), ...notes].join("\n");
}

/** Everything of one file in one line. */
export function jsonLine(file: string, isQuick: boolean, machine: Machine, answers: readonly Answer[]): string {
  const results = answers.map((answer) => ({ ...answer, verified: answer.unverified === undefined }));
  return JSON.stringify({ file, quick: isQuick, ...machine, results }, (_key, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(6)) : value,
  );
}

/** The first column to the left, figures to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
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
function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);
}
