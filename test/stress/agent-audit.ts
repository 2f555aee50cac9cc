/** A session of an agent that was killed again and again, held against what was seen outside: the effects of its tools, and what its callers had. */
import type { SessionEvent } from "../../actors/index.ts";
import type { AgentRecord } from "./agent-record.ts";
import { answerText, askOf, digestOf, isToApprove, plannedCalls, plannedSteps } from "./behaviours/agent-plan.ts";
import { toolsAtOnce } from "./behaviours/clerk-agent.ts";
import { type FoldedCall, type FoldedSession, type FoldedTurn, folded, tornAt } from "./session-fold.ts";

export interface AuditTally {
  readonly events: number;
  readonly answered: number;
  readonly interrupted: number;
  readonly effects: number;
  /** Calls of which the session does not say what they came to: that had their effect, and that had not. */
  readonly uncertainDone: number;
  readonly uncertainNotDone: number;
  readonly summaries: number;
}

interface Effect {
  readonly key: string;
  readonly work: string;
  readonly result: string;
}

export class AgentAudit {
  readonly #record: AgentRecord;
  readonly #session: FoldedSession;
  readonly #effects: readonly Effect[];
  /** By their work. */
  readonly #calls: ReadonlyMap<string, FoldedCall>;
  readonly faults: string[] = [];
  readonly tally: AuditTally;

  /** @param effects the lines of the tools */
  constructor(record: AgentRecord, events: readonly SessionEvent[], effects: readonly string[]) {
    this.#record = record;
    this.#session = folded(events);
    this.#effects = effects.map((line) => {
      const [key = "", work = "", result = ""] = line.split(" ");
      return { key, work, result };
    });
    const { turns, summaries } = this.#session;
    const calls = turns.flatMap(({ steps }) => steps.flatMap((step) => step.calls));
    this.#calls = new Map(calls.map((call) => [workOf(call), call]));
    const done = new Set(this.#effects.map(({ work }) => work));
    const uncertain = calls.filter(({ end }) => end?.isUncertain === true);
    const uncertainDone = uncertain.filter((call) => done.has(workOf(call))).length;
    this.tally = {
      events: events.length,
      answered: turns.filter(({ finish }) => finish === "stop").length,
      interrupted: turns.filter(({ finish }) => finish === "interrupted").length,
      effects: effects.length,
      uncertainDone,
      uncertainNotDone: uncertain.length - uncertainDone,
      summaries,
    };
    this.#effectsAreKnown();
    this.#callsAreTrue();
    this.#turnsAreThere();
    this.#messagesAreWhole();
    this.#decisionsAreKept();
    const uncertainMax = record.kills * toolsAtOnce;
    this.#hold(uncertain.length <= uncertainMax, `${uncertain.length} calls are uncertain, of ${uncertainMax} at most`);
  }

  #hold(holds: boolean, fault: string): void {
    if (!holds) this.faults.push(fault);
  }

  #effectsAreKnown(): void {
    for (const by of ["key", "work"] as const) {
      const seen = new Set<string>();
      for (const effect of this.#effects) {
        this.#hold(!seen.has(effect[by]), `${by} ${effect[by]} has two effects`);
        seen.add(effect[by]);
      }
    }
    for (const { work } of this.#effects) {
      const call = this.#calls.get(work);
      this.#hold(call !== undefined, `effect ${work} is not in the session`);
      if (call === undefined) continue;
      this.#hold(call.hasBegun, `effect ${work} is of a call that is not recorded as begun`);
      if (call.name !== "sign") continue;
      const isGiven = this.#record.gives.get(call.approval ?? "") === true;
      this.#hold(call.decision === true && isGiven, `effect ${work} was not approved`);
    }
  }

  #callsAreTrue(): void {
    const results = new Map<string, string[]>();
    for (const { work, result } of this.#effects) results.set(work, [...(results.get(work) ?? []), result]);
    const why = { note: /^not done: /, refuse: /^(?:not done|tool_failed): /, sign: /^(?:not done|tool_denied): / };
    for (const [work, { name, end }] of this.#calls) {
      const found = results.get(work) ?? [];
      if (end === undefined) this.#hold(false, `call ${work} has not ended`);
      else if (end.isUncertain === true) this.#hold(end.isError, `call ${work} is uncertain, and no failure`);
      else if (end.isError) {
        this.#hold(found.length === 0, `call ${work} was told as "${end.content}", and has an effect`);
        this.#hold(why[name as keyof typeof why].test(end.content), `call ${work} has failed: ${end.content}`);
      } else {
        const isOwn = found.length === 1 && found[0] === end.content;
        this.#hold(isOwn, `call ${work} has ended with ${end.content}, and its effects: ${found.join(", ") || "none"}`);
      }
    }
  }

  #turnsAreThere(): void {
    const { asked, answers, left } = this.#record;
    const ids = this.#session.turns.map(({ id }) => Number(id));
    this.#hold(
      ids.every((id, place) => id > (ids[place - 1] ?? 0)),
      `the turns are in no order: ${ids.join(", ")}`,
    );
    const turns = new Map(this.#session.turns.map((turn) => [Number(turn.id), turn]));
    for (let number = 1; number <= asked; number++) {
      const turn = turns.get(number);
      if (left.has(number)) {
        const finish = turn?.finish ?? "interrupted";
        this.#hold(finish === "interrupted" || finish === "stop", `turn ${number}, which was left, ended by ${finish}`);
      } else {
        this.#hold(turn?.finish === "stop", `turn ${number} is lost: it ${turn?.finish ?? "is not in the session"}`);
        this.#hold(answers.has(number), `turn ${number} was never answered`);
      }
      if (answers.has(number))
        this.#hold(turn?.finish === "stop", `the answer of turn ${number} is not in the session`);
      if (turn !== undefined) this.#turnIsAsPlanned(number, turn);
    }
  }

  #turnIsAsPlanned(number: number, { content, steps, finish }: FoldedTurn): void {
    this.#hold(content === askOf(number), `turn ${number} was asked ${content}`);
    for (const [step, { calls }] of steps.entries()) {
      const planned = plannedCalls(number, step).map(({ tool, work }) => `${tool} ${work}`);
      const called = calls.map((call) => `${call.name} ${workOf(call)}`);
      this.#hold(called.join() === planned.join(), `turn ${number} calls ${called.join()} for ${planned.join()}`);
    }
    if (finish !== "stop") return;
    this.#hold(steps.length === plannedSteps(number), `turn ${number} has ${steps.length} answers of the model`);
    const ends = steps.flatMap(({ calls }) => calls.map(({ end }) => end));
    // In the order in which they have ended, step by step.
    const { messages } = this.#session;
    const first = steps[0]?.before as number;
    const results = messages.slice(first, first + steps.length + ends.length - 1);
    const told = results.flatMap(({ role, content: text = "" }) => (role === "tool" ? [text] : []));
    const text = steps.at(-1)?.text as string;
    this.#hold(text === answerText(number, told), `turn ${number} is answered by another's results: ${text}`);
    const had = this.#record.answers.get(number) ?? text;
    this.#hold(had === text, `the answer of turn ${number} is "${text}" in the session, and its caller had "${had}"`);
  }

  #messagesAreWhole(): void {
    const { messages, turns, forgotten } = this.#session;
    for (const place of tornAt(messages)) this.faults.push(`message ${place} has calls without their answers`);
    const byNumber = new Map(turns.map((turn) => [Number(turn.id), turn]));
    for (const { turn, step, count, digest } of this.#record.sights) {
      const { before } = byNumber.get(turn)?.steps[step] ?? {};
      // What was shown has no answer where the process was killed meanwhile, and was shown anew.
      if (before === undefined) continue;
      const shown = digestOf(messages.slice(before - count, before));
      this.#hold(shown === digest, `step ${step} of turn ${turn}: the model was shown another conversation`);
    }
    const { end } = this.#record;
    if (end === undefined) return;
    const isSame = end.forgotten === forgotten && end.digest === digestOf(messages.slice(forgotten));
    this.#hold(isSame, "the agent has another session than its events come to");
    this.#hold(end.turn !== "open" && end.turn !== "waits", `the last turn ${end.turn}`);
  }

  #decisionsAreKept(): void {
    const { waits, gives, gave } = this.#record;
    const byApproval = new Map<string, FoldedCall>();
    for (const call of this.#calls.values()) if (call.approval !== undefined) byApproval.set(call.approval, call);
    for (const id of waits.keys()) this.#hold(byApproval.has(id), `approval ${id} is not in the session`);
    for (const id of gave)
      this.#hold(byApproval.get(id)?.decision !== undefined, `decision ${id} is not in the session`);
    for (const [id, call] of byApproval) {
      if (call.decision === undefined) continue;
      this.#hold(call.decision === gives.get(id), `decision ${id} is not what its caller gave`);
      this.#hold(call.decision === isToApprove(workOf(call)), `decision ${id} is of another call`);
    }
  }
}

function workOf(call: FoldedCall): string {
  return (JSON.parse(call.arguments) as { readonly work: string }).work;
}
