/**
 * The job as a person sees it: a block of lines that is drawn anew in place at a terminal, a line now and then elsewhere.
 * It writes to stderr, since stdout is for results.
 */
import pc from "picocolors";
import { Block, type Screen } from "../block.ts";
import { countText, numberText } from "../number-text.ts";
import type { Snapshot } from "./job.ts";

/** At a terminal: at most ten drawings a second. */
const drawEveryMs = 100;
/** Elsewhere: time between two lines. */
const lineEveryMs = 2_000;
const barWidth = 32;
/** Rates shown as a curve. */
const ratesKept = 48;
const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const curve = "▁▂▃▄▅▆▇█";

export interface ViewFacts {
  readonly agents: number;
  readonly files: number;
  readonly slices: number;
  /** Tasks of the plan. */
  readonly tasks: number;
}

export class LiveView implements Disposable {
  readonly #screen: Screen;
  readonly #facts: ViewFacts;
  readonly #beganMs = performance.now();
  readonly #rates: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #last: Snapshot | undefined;
  readonly #block: Block | undefined;
  #frame = 0;
  #written: Snapshot | undefined;

  /** Draws from now on until it is disposed. Not silent on a screen that is no terminal: see `isTTY`. */
  constructor(screen: Screen, facts: ViewFacts) {
    this.#screen = screen;
    this.#facts = facts;
    this.#block = screen.isTTY ? new Block(screen) : undefined;
    if (!screen.isTTY)
      screen.write(`mofa demo: ${numberText(facts.slices)} slices of ${numberText(facts.files)} files\n`);
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), screen.isTTY ? drawEveryMs : lineEveryMs);
  }

  show(snapshot: Snapshot): void {
    const last = this.#last;
    if (last !== undefined && snapshot.atMs > last.atMs) {
      this.#rates.push(((snapshot.progress.done - last.progress.done) * 1_000) / (snapshot.atMs - last.atMs));
      if (this.#rates.length > ratesKept) this.#rates.shift();
    }
    this.#last = snapshot;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#block?.[Symbol.dispose]();
  }

  #draw(): void {
    if (this.#block === undefined) {
      // A job that is too busy to tell has told nothing new.
      if (this.#last === undefined || this.#last === this.#written) return;
      this.#written = this.#last;
      this.#screen.write(`${plainLine(this.#last, this.#facts)}\n`);
      return;
    }
    this.#block.draw(this.#lines());
    this.#frame++;
  }

  #lines(): string[] {
    const { agents, files, slices, tasks } = this.#facts;
    const seconds = ((performance.now() - this.#beganMs) / 1_000).toFixed(1);
    const turning = spinner[this.#frame % spinner.length] ?? "";
    const head = `${pc.cyan(turning)} ${pc.bold("mofa demo")}  ${seconds} s`;
    const last = this.#last;
    if (last === undefined) return [`${head}  starting ${numberText(agents)} agents`];
    const { progress, threads } = last;
    const pass = Math.floor(progress.done / slices) + 1;
    const of = Math.max(tasks, progress.submitted);
    return [
      `${head}  ${numberText(slices)} slices of ${numberText(files)} files, pass ${numberText(pass)}`,
      `  tasks    ${bar(progress.done / of)} ${numberText(progress.done)} of ${numberText(of)}`,
      `  rate     ${pc.green(sparkline(this.#rates))} ${numberText(this.#rates.at(-1) ?? 0)}/s`,
      `  agents   ${numberText(progress.agentsUp)} of ${numberText(agents)} up, restarts ${numberText(progress.restarts)}`,
      `  threads  ${threads.map(({ position, actors }) => `${position}: ${numberText(actors)} actors`).join(", ")}`,
      `  queued   ${numberText(last.queued)} messages, tasks in hand ${numberText(progress.inHand)}`,
      `  faults   ${pc.red(faultsText(last))}`,
    ];
  }
}

function plainLine(snapshot: Snapshot, { agents, tasks }: ViewFacts): string {
  const { progress, atMs, queued } = snapshot;
  return (
    `${(atMs / 1_000).toFixed(1)} s: ${numberText(progress.done)} of ${numberText(Math.max(tasks, progress.submitted))} tasks, ` +
    `${numberText(progress.agentsUp)} of ${numberText(agents)} agents up, ${numberText(progress.restarts)} restarts, ` +
    `${numberText(queued)} messages queued; ${faultsText(snapshot)}`
  );
}

function faultsText({ progress }: Snapshot): string {
  const { thrown, poisoned, looped, exited, threadsLost, processesLost } = progress;
  return (
    `${numberText(thrown)} thrown, ${numberText(looped)} looped, ${numberText(exited)} exited, ${numberText(poisoned)} poisoned, ` +
    `${countText(threadsLost, "thread")} lost, ${numberText(processesLost)} of the processes`
  );
}

function bar(part: number): string {
  const filled = Math.round(Math.min(1, part) * barWidth);
  return `${pc.green("█".repeat(filled))}${pc.dim("░".repeat(barWidth - filled))}`;
}

function sparkline(rates: readonly number[]): string {
  const top = Math.max(1, ...rates);
  return rates.map((rate) => curve[Math.round((rate / top) * (curve.length - 1))]).join("");
}
