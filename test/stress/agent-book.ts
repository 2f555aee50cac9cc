/** Programs with an agent over one session, one after the other (`behaviours/agent-program`), and what was seen of them from outside. */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sessionsOf } from "../../actors/index.ts";
import { byDeadline, type FailPoint, failPoints } from "../../core/index.ts";
import { startSystem } from "../../index.ts";
import { storageSqlite } from "../../plugins/storage-sqlite/index.ts";
import { AgentAudit } from "./agent-audit.ts";
import { type AgentRecord, emptyRecord, note } from "./agent-record.ts";
import { type AgentPoint, agentPoints } from "./behaviours/agent-points.ts";
import type { AgentRun } from "./behaviours/agent-program.ts";
import { clerkName, sessionName } from "./behaviours/clerk-agent.ts";
import { effectsVariable } from "./behaviours/desk-tools.ts";
import { check } from "./stress-report.ts";

const program = fileURLToPath(new URL("behaviours/agent-program.js", import.meta.url));

export const allPoints = [...failPoints, ...agentPoints] as const;

export function isOfStore(point: FailPoint | AgentPoint): point is FailPoint {
  return (failPoints as readonly string[]).includes(point);
}

export interface AgentDeath {
  /** Killed by itself there, the so manieth time that it comes there. */
  readonly at?: readonly [point: FailPoint | AgentPoint, time: number];
  /** Killed when so many lines have come, and so long after. */
  readonly afterLines?: readonly [lines: number, ms: number];
}

export class AgentBook {
  readonly #folder: string;
  readonly #label: string;
  readonly record: AgentRecord;

  /** @param folder there may be others in it, by other labels */
  constructor(folder: string, label: string, record = emptyRecord()) {
    this.#folder = folder;
    this.#label = label;
    this.record = record;
  }

  get #file(): string {
    return join(this.#folder, `${this.#label}.sqlite`);
  }

  get #effectsFile(): string {
    return join(this.#folder, `${this.#label}.effects`);
  }

  /** One that goes on from where this one stands, whose last program has ended by itself. */
  fork(label: string): AgentBook {
    const other = new AgentBook(this.#folder, label, structuredClone(this.record));
    check(!existsSync(`${this.#file}-wal`), "a store that was closed has left its log");
    copyFileSync(this.#file, other.#file);
    copyFileSync(this.#effectsFile, other.#effectsFile);
    return other;
  }

  /** Runs a program until it has ended, or is killed; by which signal. @throws Error it ended by itself, and not well. */
  async run(
    how: Pick<AgentRun, "until" | "way" | "isShared" | "fault">,
    { at, afterLines }: AgentDeath = {},
  ): Promise<NodeJS.Signals | null> {
    const { asked, answers } = this.record;
    const run: AgentRun = { file: this.#file, asked, isAnswered: answers.has(asked), ...how };
    const env: NodeJS.ProcessEnv = { ...process.env, [effectsVariable]: this.#effectsFile };
    if (at !== undefined) {
      const [point, time] = at;
      env[isOfStore(point) ? "MOFA_FAIL_POINT" : "MOFA_AGENT_POINT"] = `${point}:${time}`;
    }
    const child = spawn(process.execPath, [program, JSON.stringify(run)], { env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) =>
      child.on("close", (code, signal) => resolve([code, signal])),
    );
    let why = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (why += text));
    const [lines, laterMs] = afterLines ?? [Number.POSITIVE_INFINITY, 0];
    let left = lines;
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const said = (rest + text).split("\n");
      rest = said.pop() ?? ""; // a line that was not written to its end says nothing
      for (const line of said) note(this.record, line);
      left -= said.length;
      if (left > 0) return;
      left = Number.POSITIVE_INFINITY;
      byDeadline(laterMs, () => child.kill("SIGKILL"));
    });
    const [code, signal] = await ended;
    check(signal === "SIGKILL" || code === 0, `the program of ${this.#label} ended with ${signal ?? code}: ${why}`);
    if (signal !== null) this.record.kills++;
    return signal;
  }

  /** What stands in the session and in the file of effects, against what has come through the pipes. */
  async audit(): Promise<AgentAudit> {
    await using system = await startSystem({ threads: 1, spare: false, watchdog: false });
    await system.startPlugins([{ plugin: storageSqlite, config: { file: this.#file }, isolation: "shared" }]);
    const stored = await sessionsOf(system, "storage-sqlite").read(clerkName, sessionName);
    const events = (stored?.events ?? []).map(({ event }) => event);
    const effects = existsSync(this.#effectsFile) ? readFileSync(this.#effectsFile, "utf8").split("\n") : [];
    check((effects.pop() ?? "") === "", "an effect was not written to its end");
    return new AgentAudit(this.record, events, effects);
  }
}
