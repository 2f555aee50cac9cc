/**
 * Agents that think, beside those that count: with a scripted model, a tool, and sessions in SQLite. Some are killed in the midst of a
 * turn and go on with their sessions; some have a budget that is soon used up, and end by it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentAnswer, AgentApi, AgentDelta, SessionState } from "../../actors/index.ts";
import { byDeadline } from "../../core/index.ts";
import { type MofaSystem, type Ref, RuntimeError } from "../../index.ts";
import { storageMemory } from "../../plugins/storage-memory/index.ts";
import { storageSqlite } from "../../plugins/storage-sqlite/index.ts";
import { answerOfThinkers, spender, thinker, toolCount, wordsModel, wordsRouter, wordsRules } from "./thinker.ts";

/** What they came to, as `--json` prints it. */
export interface ThinkersResult {
  /** Read and written, as the model has counted. */
  readonly tokens: number;
  readonly toolCalls: number;
  /** Agents that ended in the midst of a turn, and went on with their sessions. */
  readonly sessionsRecovered: number;
  /** Agents that ended because their budget was used up. */
  readonly budgetStops: number;
}

const thinkers = 24;
const spenders = 4;
const turns = 3;
const killedMax = 6;
/** A turn that a fault has struck is asked for again, a little later. */
const triesMax = 200;
const againMs = 50;
const askTimeoutMs = 10_000;

export class Thinkers implements AsyncDisposable {
  readonly #system: MofaSystem;
  /** Undefined: nothing may be written here. */
  readonly #folder = temporaryFolder();
  readonly #killed: number;
  #tokens = 0;
  #toolCalls = 0;
  #recovered = 0;
  #budgetStops = 0;

  /** @param hasFaults some of them are killed while a tool of theirs runs */
  constructor(system: MofaSystem, hasFaults: boolean) {
    this.#system = system;
    this.#killed = hasFaults ? killedMax : 0;
  }

  /** Before any thread is lost: a list that loses one of its own as it starts does not start. */
  async start(): Promise<void> {
    // Their threads are lost with the others', and they are started again with them.
    const often = { intensity: 1_000, periodMs: 10_000 };
    const store =
      this.#folder === undefined
        ? { plugin: storageMemory, isolation: "thread" as const } // which no fault takes
        : { plugin: storageSqlite, config: { file: join(this.#folder, "sessions.sqlite") } };
    const model = { plugin: wordsModel, config: { rules: wordsRules } };
    await this.#system.startPlugins([store, model, { plugin: wordsRouter }, { plugin: toolCount }], often);
    const child = (name: string, number: number) => ({ id: `${name} ${number}`, name: `${name} ${number}` });
    await this.#system.supervise({
      ...often,
      children: [
        ...Array.from({ length: thinkers }, (_, at) => ({
          ...child("thinker", at),
          start: [thinker, { session: String(at) }] as const,
        })),
        ...Array.from({ length: spenders }, (_, at) => ({
          ...child("spender", at),
          start: [spender, { session: String(at) }] as const,
          restart: "temporary" as const,
          placement: { thread: 0 }, // which no fault takes
        })),
      ],
    });
  }

  /** All their conversations. @throws RuntimeError `job_failed`, by rejection: something was lost. */
  async run(): Promise<ThinkersResult> {
    await Promise.all([
      ...Array.from({ length: thinkers }, (_, at) => this.#converse(at)),
      ...Array.from({ length: spenders }, (_, at) => this.#spend(at)),
    ]);
    return {
      tokens: this.#tokens,
      toolCalls: this.#toolCalls,
      sessionsRecovered: this.#recovered,
      budgetStops: this.#budgetStops,
    };
  }

  async #converse(at: number): Promise<void> {
    const name = `thinker ${at}`;
    for (let turn = 0; turn < turns; turn++) {
      const { text } = await this.#ask(name, `turn ${turn}`, at < this.#killed && turn === 1);
      if (text !== answerOfThinkers) throw lost(`${name} has answered ${JSON.stringify(text)}`);
    }
    const { turns: had, usage } = (await this.#system.call(name, "session")) as SessionState;
    if (had < turns) throw lost(`${name} has forgotten ${turns - had} of its turns`);
    this.#tokens += usage.inputTokens + usage.outputTokens;
  }

  /** Until it is answered: who has ended meanwhile is asked again in its next life, by the name of the turn. */
  async #ask(name: string, turn: string, isToBeKilled: boolean): Promise<AgentAnswer> {
    let hasEnded = false;
    let failures = 0;
    for (let tries = 0; tries < triesMax; tries++) {
      const ref = this.#system.whereis(name) as Ref<AgentApi> | undefined;
      if (ref !== undefined) {
        const kill = (delta: unknown) => {
          const isTool = (delta as AgentDelta).type === "toolCall";
          if (isToBeKilled && !hasEnded && isTool) this.#system.exit(ref, "kill");
        };
        // One that was recorded as failed, since the model or the tool was lost, is another turn the next time.
        const input = { content: "How many words has it?", turn: `${turn}.${failures}` };
        try {
          const answer = await ref.call("ask", input, { stream: kill, timeoutMs: askTimeoutMs });
          if (hasEnded) this.#recovered++;
          this.#toolCalls += answer.toolCalls.length;
          return answer;
        } catch {
          if (this.#system.isAlive(ref)) failures++;
          else hasEnded = true;
        }
      }
      await again();
    }
    throw lost(`${name} does not answer`);
  }

  /** Until its budget is used up, which is its end. */
  async #spend(at: number): Promise<void> {
    const ref = this.#system.whereis(`spender ${at}`) as Ref<AgentApi> | undefined;
    if (ref === undefined) throw lost(`spender ${at} is not there`);
    const monitor = await this.#system.monitor(ref);
    for (let tries = 0; tries < triesMax && this.#system.isAlive(ref); tries++) {
      try {
        await ref.call("ask", "How many words has it?", { timeoutMs: askTimeoutMs });
      } catch {
        await again(); // its model is being started again, or it has ended
      }
    }
    if (this.#system.isAlive(ref)) throw lost(`spender ${at} goes on without a budget`);
    const { reason } = await monitor.down;
    if (typeof reason === "object" && "budget" in reason) this.#budgetStops++;
  }

  /** When the system has stopped. */
  [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    return Promise.resolve();
  }
}

function again(): Promise<void> {
  return new Promise<void>((resolve) => void byDeadline(againMs, resolve));
}

function temporaryFolder(): string | undefined {
  try {
    return mkdtempSync(join(tmpdir(), "mofa-demo-"));
  } catch {
    return undefined; // by Node's permissions, or on a disk that is read alone: then sessions are in memory
  }
}

function lost(what: string): RuntimeError {
  return new RuntimeError("job_failed", what);
}
