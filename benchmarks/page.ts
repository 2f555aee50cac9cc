/** The results as one HTML page, which needs nothing beside itself: bars of the ratios, and how far single samples lie apart. */
import type { Answer, Figures } from "./harness.ts";
import { figure, goalLine, type Machine, machineLine, memoryRows } from "./report.ts";

const width = 640;
const rowHeight = 22;
const labelWidth = 150;
const figureWidth = 90;
const barsWidth = width - labelWidth - figureWidth;

/** Of a contender in its place. */
const kindOf = (row: number, ratio: number): string => (row === 0 ? "ours" : ratio >= 1 ? "ahead" : "behind");

const legend = [
  ["ours", "ours"],
  ["ahead", "slower or larger than ours"],
  ["behind", "faster or smaller than ours"],
]
  .map(
    ([kind, said]) =>
      `<svg viewBox="0 0 12 12" width="12" height="12"><rect class="${kind}" width="12" height="12"/></svg> ${said}`,
  )
  .join(" &nbsp; ");

export interface PageOptions {
  /** Of the run, as it is to be shown. */
  readonly date: string;
  readonly isQuick: boolean;
}

export function page(machine: Machine, answers: readonly Answer[], { date, isQuick }: PageOptions): string {
  const goals = answers.flatMap(({ name, goals: own }) => own.map((goal) => ({ name, goal })));
  const met = goals.filter(({ goal }) => goal.met).length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>MoFA: benchmarks</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; background: #fff; }
  h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 0.2rem; }
  p { margin: 0.2rem 0; } .quiet { color: #57606a; font-size: 0.9rem; }
  svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: #1b1f24; }
  .ours { fill: #1f6feb; } .ahead { fill: #2da44e; } .behind { fill: #cf6a32; } .line { stroke: #57606a; } .one { stroke: #1b1f24; stroke-dasharray: 3 3; }
  table { border-collapse: collapse; } td { padding: 0.1rem 0.8rem 0.1rem 0; vertical-align: top; } .met { color: #1a7f37; } .unmet { color: #cf222e; font-weight: 600; }
</style>
</head>
<body>
<h1>MoFA: benchmarks</h1>
<p class="quiet">${text(date)}; ${text(machineLine(machine))}</p>
${isQuick ? '<p class="unmet">A quick run: it shows that all works, and its figures are not for comparison.</p>' : ""}
<p>Time for one operation, or bytes of memory; a shorter bar is better. A ratio above 1 means that ours is. Figures of two runs are not comparable.</p>
<p>${legend}</p>
${goals.length === 0 ? "" : `<h2>Goals: ${met} of ${goals.length} met</h2>`}
<table>
${goals.map(({ name, goal }) => `<tr><td>${text(name)}</td><td class="${goal.met ? "met" : "unmet"}">${text(goalLine(goal))}</td></tr>`).join("\n")}
</table>
${answers.map(section).join("\n")}
</body>
</html>
`;
}

function section(answer: Answer): string {
  const { name, question, placement, unit, contenders, absent, unverified } = answer;
  const notes = absent.map((one) => `<p class="quiet">${text(one.name)}: absent, ${text(one.absent)}</p>`);
  const body =
    unverified === undefined
      ? `${bars(contenders)}\n<p class="quiet">How far samples lie apart: from the least to the 99th of 100, with the median, by powers of ten.</p>\n${spread(contenders)}\n${memory(answer)}`
      : `<p class="unmet">Not verified: ${text(unverified)}</p>`;
  return `<h2>${text(name)}</h2>
<p>${text(question)}</p>
<p class="quiet">${text(placement)}; ${text(unit)}</p>
${body}
${notes.join("\n")}`;
}

/** Medians, the longest as long as there is room. */
function bars(contenders: readonly Figures[]): string {
  const most = Math.max(...contenders.map(({ median }) => median));
  const rows = contenders.map(({ name, median, ratio }, row) => {
    const y = row * rowHeight;
    const length = Math.max(1, (median / most) * barsWidth);
    const said = row === 0 ? figure(median) : `${figure(median)}, ${figure(ratio)}x`;
    return `<text x="${labelWidth - 8}" y="${y + 15}" text-anchor="end">${text(name)}</text><rect class="${kindOf(row, ratio)}" x="${labelWidth}" y="${y + 4}" width="${length.toFixed(1)}" height="${rowHeight - 8}"/><text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 15}">${said}</text>`;
  });
  return svg(contenders.length * rowHeight, rows);
}

function memory(answer: Answer): string {
  const rows = memoryRows(answer).map((row) => `<tr>${row.map((cell) => `<td>${text(cell)}</td>`).join("")}</tr>`);
  return `<p class="quiet">Allocated by an operation, and for how long the collector held a thread; the heap in use and the process's memory after the last one.</p>\n<table class="quiet">\n${rows.join("\n")}\n</table>`;
}

function spread(contenders: readonly Figures[]): string {
  const least = Math.floor(Math.log10(Math.min(...contenders.map(({ min }) => min))));
  const most = Math.ceil(Math.log10(Math.max(...contenders.map(({ p99 }) => p99)))) || least + 1;
  const span = Math.max(1, most - least);
  const x = (value: number) => labelWidth + ((Math.log10(value) - least) / span) * barsWidth;
  const height = contenders.length * rowHeight;
  const scale = Array.from({ length: span + 1 }, (_, power) => {
    const at = x(10 ** (least + power)).toFixed(1);
    return `<line class="one" stroke-opacity="0.25" x1="${at}" y1="0" x2="${at}" y2="${height}"/><text x="${at}" y="${height + 14}" text-anchor="middle">${figure(10 ** (least + power))}</text>`;
  });
  const rows = contenders.map(({ name, min, median, p99, ratio }, row) => {
    const y = row * rowHeight + rowHeight / 2;
    return `<text x="${labelWidth - 8}" y="${y + 4}" text-anchor="end">${text(name)}</text><line class="line" stroke-width="2" x1="${x(min).toFixed(1)}" y1="${y}" x2="${x(p99).toFixed(1)}" y2="${y}"/><circle class="${kindOf(row, ratio)}" cx="${x(median).toFixed(1)}" cy="${y}" r="4"/>`;
  });
  return svg(height + 20, [...scale, ...rows]);
}

const svg = (height: number, parts: readonly string[]): string =>
  `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">\n${parts.join("\n")}\n</svg>`;

/** As it stands in HTML. */
function text(given: string): string {
  return given.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
