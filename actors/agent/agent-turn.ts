/**
 * One turn of an agent: the model is asked, tools are run, and so on until there is an answer. What it does next follows from its session
 * alone, so a turn goes on where another incarnation has left it.
 */
import { randomUUID } from "node:crypto";
import {
  byDeadline,
  type ChatAnswer,
  type ChatRequest,
  errorData,
  RuntimeError,
  type StreamWriter,
} from "../../core/index.ts";
import { type AgentAnswer, type AgentDelta, answerOf } from "./agent-answer.ts";
import { AgentRequests, type RequestParts } from "./agent-requests.ts";
import { handedEnd } from "./hand-off.ts";
import { assertNoLoop } from "./loops.ts";
import { type Session, type SessionEvent, type Turn, waiting } from "./session.ts";
import { type HandedAnswer, ToolStep, type ToolStepParts } from "./tool-step.ts";

export interface AgentTurnParts extends Omit<ToolStepParts, "signal" | "trace" | "say">, RequestParts {
  /** Undefined: the caller wants the answer alone. */
  readonly out: StreamWriter | undefined;
}

export class AgentTurn {
  readonly #parts: AgentTurnParts;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  readonly #startedMs: number;
  readonly #requests: AgentRequests;

  /** Tells whoever reads. One that has left ends the turn by the writer's signal. */
  readonly #say = async (delta: AgentDelta): Promise<void> => {
    try {
      await this.#parts.out?.write(delta);
    } catch (error) {
      this.#signal.throwIfAborted();
      throw error;
    }
  };

  constructor(parts: AgentTurnParts) {
    this.#parts = parts;
    this.#startedMs = parts.ctx.nowMs();
    const { ctx, out } = parts;
    this.#signal = AbortSignal.any([ctx.signal, this.#controller.signal, ...(out ? [out.signal] : [])]);
    this.#requests = new AgentRequests(parts, this.#signal, this.#say);
  }

  get #session(): Session {
    return this.#parts.session;
  }

  get #turn(): Turn {
    return this.#session.turn as Turn; // one is under way
  }

  /**
   * Goes on until there is an answer, or somebody has to decide.
   * @throws what it fails with, which is recorded: of an interrupt the signal's reason.
   */
  async run(): Promise<AgentAnswer> {
    const { agent } = this.#parts;
    const { turnTimeoutMs } = agent.limits;
    const late = () =>
      this.#controller.abort(
        new RuntimeError("timeout", `${agent.name} has no answer within turnTimeoutMs (${turnTimeoutMs})`),
      );
    const cancel = turnTimeoutMs === Number.POSITIVE_INFINITY ? () => {} : byDeadline(turnTimeoutMs, late);
    try {
      await this.#untilAnswered();
      return answerOf(agent.name, this.#session, this.#turn);
    } catch (error) {
      await this.#fail(error);
      throw error;
    } finally {
      cancel();
    }
  }

  async #untilAnswered(): Promise<void> {
    while (this.#turn.end === undefined) {
      this.#signal.throwIfAborted();
      const isToRun = this.#session.open.some(({ state }) => state !== "ended" && state !== "waits");
      if (isToRun) {
        const handed = await this.#runTools();
        if (handed !== undefined) await this.#handedOn(handed);
      } else if (waiting(this.#session).length > 0) return;
      else await this.#step();
    }
  }

  get #tookMs(): number {
    return this.#turn.tookMs + this.#parts.ctx.nowMs() - this.#startedMs;
  }

  async #runTools(): Promise<HandedAnswer | undefined> {
    const { operation } = this.#parts;
    return await new ToolStep({
      ...this.#parts,
      signal: this.#signal,
      trace: operation.trace,
      say: this.#say,
    }).run();
  }

  async #handedOn({ by, answer }: HandedAnswer): Promise<void> {
    await this.#parts.keep({ type: "ended", tookMs: this.#tookMs, ...handedEnd(by, answer) });
  }

  // The model -------------------------------------------------------------------------------------------------------

  /** One answer of the model. */
  async #step(): Promise<void> {
    const { agent, keep } = this.#parts;
    const { maxSteps, maxCorrections } = agent.limits;
    if (this.#turn.steps >= maxSteps)
      throw new RuntimeError("agent_loop", `${agent.name} has no answer after ${maxSteps} of its model's (maxSteps)`);
    const request = await this.#requests.next();
    const said = { text: "" };
    let answer: ChatAnswer;
    try {
      answer = await this.#ask(request, said);
    } catch (error) {
      const { code, message } = errorData(error);
      if (this.#signal.aborted) {
        // What was read of it has been said.
        if (said.text !== "") await keep({ type: "said", content: said.text, toolCalls: [] });
        throw this.#signal.reason;
      }
      if (this.#requests.bears(code, request)) return;
      if (code !== "model_output" || this.#turn.corrections >= maxCorrections) throw error;
      await this.#correct({ type: "said", content: said.text, toolCalls: [] }, message);
      return;
    }
    await this.#take(answer);
  }

  async #ask(request: ChatRequest, said: { text: string }): Promise<ChatAnswer> {
    const { model, operation, estimate } = this.#parts;
    const chat = model.chat(request, { signal: this.#signal, trace: operation.trace });
    for await (const delta of chat) {
      if (delta.type === "text") {
        said.text += delta.text;
        await this.#say(delta);
      } else if (delta.type === "again") {
        said.text = "";
        await this.#say({ type: "again", why: "the model was asked anew" });
      }
    }
    const answer = await chat.answer();
    estimate.learn(request.messages, answer.usage);
    return answer;
  }

  async #take({ content, toolCalls, usage, finishReason, output }: ChatAnswer): Promise<void> {
    const { agent, keep, output: wanted } = this.#parts;
    if (toolCalls.length > 0) return await this.#begin({ content, toolCalls, usage });
    const said = { type: "said", content, toolCalls: [], ...(usage && { usage }) } as const;
    let checked: unknown;
    if (wanted !== undefined) {
      try {
        checked = await wanted.check(output === undefined ? asJson(content) : output);
      } catch (error) {
        const { message } = errorData(error);
        if (this.#turn.corrections >= agent.limits.maxCorrections)
          throw new RuntimeError("model_output", `the answer is not of its schema: ${message}`);
        return await this.#correct(said, message);
      }
    }
    const finish = finishReason === "length" ? "length" : "stop";
    const end = { finish, ...(checked !== undefined && { output: checked }) } as const;
    await keep(said, { type: "ended", tookMs: this.#tookMs, ...end });
  }

  async #correct(said: SessionEvent & { readonly type: "said" }, why: string): Promise<void> {
    const content = `That was not an answer of the form that is wanted: ${why}. Answer again: with JSON of the schema, and nothing else.`;
    await this.#parts.keep(said, { type: "corrected", content });
    await this.#say({ type: "again", why });
  }

  /** Records what is run at once, and what somebody has to decide about. */
  async #begin({ content, toolCalls, usage }: Pick<ChatAnswer, "content" | "toolCalls" | "usage">): Promise<void> {
    const { ctx, agent, box, keep } = this.#parts;
    assertNoLoop(agent, this.#session, toolCalls);
    const waits = toolCalls.map(({ name }) => box.needsApproval(name));
    const begins = waits
      .flatMap((isWaiting, place) => (isWaiting ? [] : [place]))
      .slice(0, agent.limits.maxParallelTools);
    const atMs = ctx.wallMs();
    const asked = waits.flatMap((isWaiting, place) =>
      isWaiting ? [{ type: "approvalAsked", place, id: randomUUID(), atMs } as const] : [],
    );
    await keep({ type: "said", content, toolCalls, ...(usage && { usage }), begins }, ...asked);
  }

  // The end ---------------------------------------------------------------------------------------------------------

  /** Every call of a tool has its answer then, and the next turn begins with a whole conversation. */
  async #fail(error: unknown): Promise<void> {
    const { keep, ctx, out } = this.#parts;
    const { code = "crashed", message } = errorData(error);
    const isInterrupted = ctx.signal.aborted || out?.signal.aborted === true;
    await keep(...closing(this.#session, isInterrupted ? "the turn was interrupted" : "the turn has failed"), {
      type: "ended",
      tookMs: this.#tookMs,
      finish: isInterrupted ? "interrupted" : "failed",
      code,
      message,
    });
  }
}

/** @throws SyntaxError */
function asJson(content: string): unknown {
  return JSON.parse(content);
}

/** What ends the calls that have no answer yet, each by what is known of it. */
export function closing({ open }: Session, why: string): SessionEvent[] {
  return open.flatMap(({ state }, place) => {
    if (state === "ended") return [];
    const isUncertain = state === "runs";
    const content = isUncertain
      ? `uncertain: it had begun when ${why}, and may have been done, in part or as a whole`
      : `not done: ${why} before it was begun`;
    return [
      { type: "toolEnded", place, content, isError: true, tookMs: 0, ...(isUncertain && { isUncertain }) } as const,
    ];
  });
}
