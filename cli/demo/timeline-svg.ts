/**
 * The time line as a picture: throughput and restarts over the same time, and a mark for each fault.
 *
 * Two panels, since the two have different units; colours that hold in print and for the colour-blind.
 */
import { numberText } from "../number-text.ts";
import type { DemoResult } from "./result.ts";
import type { FaultRecord } from "./run-tally.ts";
import { ratesOf, type TimelinePoint } from "./timeline.ts";

const width = 960;
const left = 96;
const right = 24;
const panelHeight = 150;
const panelTops = { rate: 84, agents: 290 } as const;
const markTop = 476;
const markStep = 26;
const height = 668;

const colours = {
  rate: "#0072b2",
  agents: "#009e73",
  restarts: "#d55e00",
  threadLost: "#cc0000",
  thrown: "#e69f00",
  poison: "#7b3294",
  looped: "#000000",
  exited: "#56b4e9",
  processLost: "#882255",
};
const kinds: readonly (readonly [FaultRecord["kind"], string])[] = [
  ["threadLost", "thread lost"],
  ["thrown", "thrown"],
  ["poison", "poison read"],
  ["looped", "turn cut down"],
  ["exited", "process.exit"],
  ["processLost", "process lost"],
];

/** A whole SVG document. `faults` and `points` count from the beginning of the job. */
export function timelineSvg(
  result: DemoResult,
  points: readonly TimelinePoint[],
  faults: readonly FaultRecord[],
): string {
  const endMs = Math.max(1, result.durationMs, points.at(-1)?.atMs ?? 0);
  const x = (atMs: number) => left + (Math.min(endMs, Math.max(0, atMs)) / endMs) * (width - left - right);
  const rates = ratesOf(points);
  const agentsUp = points.map((point) => point.agentsUp);
  const restarts = points.map((point) => point.restarts);
  const times = points.map((point) => x(point.atMs));
  const lost = faults.filter(({ kind }) => kind === "threadLost").map(({ atMs }) => x(atMs));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>mofa demo: ${numberText(result.agents)} agents on ${result.threads} threads</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(left, 28, `mofa demo: ${numberText(result.agents)} agents on ${result.threads} threads`, {
      size: 17,
      weight: 600,
    }),
    text(
      left,
      48,
      `${numberText(result.tasks.done)} tasks done, ${numberText(result.tasks.retried)} handed out again, ${numberText(result.tasks.lost)} lost, ` +
        `plan ${result.planHash}`,
      { fill: "#555" },
    ),
    ...lost.map(
      (at) =>
        `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${panelTops.rate}" y2="${markTop + (kinds.length - 1) * markStep + 8}" stroke="${colours.threadLost}" stroke-dasharray="4 3"/>`,
    ),
    panel(
      panelTops.rate,
      "tasks done a second",
      Math.max(1, ...rates),
      [{ values: rates, colour: colours.rate }],
      times,
    ),
    panel(
      panelTops.agents,
      "agents up, and restarts so far",
      Math.max(1, ...agentsUp, ...restarts),
      [
        { values: agentsUp, colour: colours.agents, name: "agents up" },
        { values: restarts, colour: colours.restarts, name: "restarts" },
      ],
      times,
    ),
    ...kinds.flatMap(([kind, name], row) => {
      const y = markTop + row * markStep;
      const of = faults.filter((fault) => fault.kind === kind);
      return [
        text(left - 8, y + 4, name, { anchor: "end", fill: colours[kind], size: 11 }),
        ...of.map(
          ({ atMs }) =>
            `<circle cx="${x(atMs).toFixed(1)}" cy="${y}" r="4" fill="${colours[kind]}" fill-opacity="0.6"/>`,
        ),
      ];
    }),
    timeAxis(endMs, x),
    "</svg>\n",
  ].join("\n");
}

interface Curve {
  readonly values: readonly number[];
  readonly colour: string;
  /** Named in the legend. */
  readonly name?: string;
}

function panel(
  top: number,
  title: string,
  highest: number,
  curves: readonly Curve[],
  times: readonly number[],
): string {
  const step = niceStep(highest / 4);
  const max = Math.ceil(highest / step) * step;
  const y = (value: number) => top + panelHeight - (value / max) * panelHeight;
  const grid: string[] = [];
  for (let value = 0; value <= max; value += step) {
    grid.push(
      `<line x1="${left}" x2="${width - right}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#e4e4e4"/>`,
      text(left - 8, y(value) + 4, numberText(value), { anchor: "end", fill: "#555" }),
    );
  }
  const lines = curves.map(({ values, colour }) => {
    const path = values.map((value, at) => `${(times[at] ?? left).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.8" stroke-linejoin="round"/>`;
  });
  const legend = curves
    .filter(({ name }) => name !== undefined)
    .map(({ name, colour }, at) =>
      text(width - right - 90 * (curves.length - 1 - at), top - 10, name ?? "", {
        anchor: "end",
        fill: colour,
        weight: 600,
      }),
    );
  return [text(left, top - 10, title, { weight: 600 }), ...grid, ...lines, ...legend].join("\n");
}

function timeAxis(endMs: number, x: (atMs: number) => number): string {
  const y = height - 28;
  const step = niceStep(endMs / 8);
  const ticks: string[] = [`<line x1="${left}" x2="${width - right}" y1="${y}" y2="${y}" stroke="#999"/>`];
  for (let atMs = 0; atMs <= endMs; atMs += step) {
    ticks.push(
      `<line x1="${x(atMs).toFixed(1)}" x2="${x(atMs).toFixed(1)}" y1="${y}" y2="${y + 5}" stroke="#999"/>`,
      text(x(atMs), y + 18, `${atMs / 1_000} s`, { anchor: "middle", fill: "#555" }),
    );
  }
  return ticks.join("\n");
}

/** 1, 2 or 5 times a power of ten, not below `rough`. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

interface TextStyle {
  readonly anchor?: "middle" | "end";
  readonly fill?: string;
  readonly size?: number;
  readonly weight?: number;
}

function text(x: number, y: number, words: string, { anchor, fill = "#222", size, weight }: TextStyle = {}): string {
  const style = [
    anchor === undefined ? "" : ` text-anchor="${anchor}"`,
    size === undefined ? "" : ` font-size="${size}"`,
    weight === undefined ? "" : ` font-weight="${weight}"`,
  ].join("");
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="${fill}"${style}>${words}</text>`;
}
