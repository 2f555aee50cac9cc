/**
 * A program with an agent over a session, and its caller: `node agent-program.js <AgentRun as JSON>`. The caller goes on with what it
 * has no answer for, and then asks turn after turn. It says what it does and what it has, by lines that have reached the pipe when the
 * next thing happens; what tools do stands in the file `MOFA_EFFECTS`.
 */
import type { AgentAnswer, AgentApi } from "../../../actors/index.ts";
import { errorData, type Ref } from "../../../core/index.ts";
import { type MofaSystem, startSystem } from "../../../index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { askOf, digestOf, isToApprove } from "./agent-plan.ts";
import { agentPoint } from "./agent-points.ts";
import type { AgentFault } from "./broken-stores.ts";
import { clerk, sessionName } from "./clerk-agent.ts";
import { desk } from "./desk-tools.ts";
import { plannedModel } from "./planned-model.ts";
import { say } from "./say.ts";

/** With a turn that has no answer yet: `goOn`, the same ask `again`, or an `other` one, which leaves it. */
export const ways = ["goOn", "again", "other"] as const;
export type Way = (typeof ways)[number];

export interface AgentRun {
  /** Of the store. */
  readonly file: string;
  /** What was asked last, and whether the caller has its answer; 0: nothing. */
  readonly asked: number;
  readonly isAnswered: boolean;
  /** It ends when this turn is answered. Null: never. */
  readonly until: number | null;
  readonly way: Way;
  /** Its store has a thread with others: that is started sooner. Default: one of its own, as by default. */
  readonly isShared?: boolean;
  readonly fault?: AgentFault;
}

/** No call of this program takes as long, on a machine that does anything at all. */
const timeoutMs = 120_000;

class Caller {
  readonly #system: MofaSystem;
  readonly #agent: Ref<AgentApi<undefined>>;
  #turn: number;

  constructor(system: MofaSystem, agent: Ref<AgentApi<undefined>>, turn: number) {
    this.#system = system;
    this.#agent = agent;
    this.#turn = turn;
  }

  async run({ isAnswered, until, way }: AgentRun): Promise<void> {
    const last = until ?? Number.POSITIVE_INFINITY;
    if (this.#turn > 0 && !isAnswered) {
      if (way === "other" && this.#turn < last) say(`leaves ${this.#turn}`);
      else await this.#finish(way);
    }
    while (this.#turn < last) {
      this.#turn++;
      say(`asks ${this.#turn}`);
      await this.#ask();
    }
    const { turn, forgotten, messages } = await this.#agent.call("session", undefined, { timeoutMs });
    say(`ends ${turn} ${forgotten} ${digestOf(messages)}`);
  }

  async #finish(way: Way): Promise<void> {
    const { turn } = await this.#agent.call("session", undefined, { timeoutMs });
    if (way === "goOn" && turn !== "none") {
      const answer = await this.#take(await this.#agent.call("goOn", undefined, { timeoutMs }));
      // Else the ask itself was not kept.
      if (answer.turn === String(this.#turn)) return;
    }
    await this.#ask();
  }

  async #ask(): Promise<void> {
    const input = { content: askOf(this.#turn), turn: String(this.#turn) };
    let answer: AgentAnswer | undefined;
    while (answer === undefined) {
      try {
        // By a stream, or not.
        if (this.#turn % 2 === 0) answer = await this.#agent.call("ask", input, { timeoutMs });
        else answer = await this.#read(input);
      } catch (error) {
        if (errorData(error).code !== "agent_waits") throw error;
        await this.#take(await this.#agent.call("goOn", undefined, { timeoutMs }));
      }
    }
    await this.#take(answer);
  }

  async #read(input: { readonly content: string; readonly turn: string }): Promise<AgentAnswer> {
    const reader = this.#system.callStream(this.#agent, "ask", input, { idleTimeoutMs: timeoutMs });
    for await (const _delta of reader);
    return reader.result as AgentAnswer;
  }

  /** Decides as long as somebody has to, and says the answer. */
  async #take(given: AgentAnswer): Promise<AgentAnswer> {
    let answer = given;
    while (answer.finish === "approval") {
      agentPoint("approval-in-hand");
      say(`waits ${answer.turn} ${answer.approvals.map(({ id }) => id).join(",")}`);
      const [{ id, arguments: asked }] = answer.approvals as [AgentAnswer["approvals"][number]];
      const isApproved = isToApprove((JSON.parse(asked) as { work: string }).work);
      say(`gives ${id} ${isApproved ? "yes" : "no"}`);
      answer = await this.#agent.call("decide", { id, isApproved }, { timeoutMs });
      say(`gave ${id}`);
    }
    agentPoint("answer-in-hand");
    say(`answers ${answer.turn} ${answer.finish} ${answer.toolCalls.length} ${answer.text}`);
    return answer;
  }
}

if (import.meta.main) {
  const run = JSON.parse(process.argv[2] as string) as AgentRun;
  // A process is killed here, and not the machine.
  const of = { file: run.file, durability: "normal" };
  const store =
    run.fault === undefined
      ? { plugin: storageSqlite, config: of, ...(run.isShared === true && { isolation: "shared" as const }) }
      : {
          plugin: (await import("./broken-stores.ts")).brokenStore,
          config: { store: "storage-sqlite", of, fault: run.fault },
        };
  const system = await startSystem({ threads: 1, spare: false, watchdog: false });
  await system.startPlugins([store, plannedModel, desk]);
  const agent = await system.spawn(clerk, { session: sessionName });
  agentPoint("started");
  await new Caller(system, agent, run.asked).run(run);
  await system.stop();
}
