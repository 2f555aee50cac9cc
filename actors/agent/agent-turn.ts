/**
 * One turn of an agent: the model is asked, tools are run, and so on until there is an answer. What it does next follows from its session
 * alone, so a turn goes on where another incarnation has left it.
 */
import { randomUUID } from "node:crypto";
import {
  byDeadline,
  type ChatAnswer,
  type ChatMessage,
  type ChatRequest,
  type ChatUsage,
  errorData,
  type ModelClient,
  type Operation,
  RuntimeError,
  type SchemaCheck,
  type StreamWriter,
  type ToolCall,
} from "../../core/index.ts";
import { type AgentAnswer, type AgentDelta, answerOf } from "./agent-answer.ts";
import { handOffPrefix } from "./agent-definition.ts";
import { cutFor, summaryRequest, summaryText, type TokenEstimate } from "./context-window.ts";
import { handedEnd, handOffSpecs } from "./hand-off.ts";
import { type Session, type SessionEvent, type Turn, waiting } from "./session.ts";
import { type HandedAnswer, ToolStep, type ToolStepParts } from "./tool-step.ts";

/** How an answer has a structure. */
export interface AgentOutput {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly check: SchemaCheck;
}

export interface ModelTraits {
  /** It takes tools or a structure, and not both in one request. */
  isEitherOr: boolean;
}

export interface AgentTurnParts extends Omit<ToolStepParts, "signal" | "trace" | "say"> {
  readonly model: ModelClient;
  readonly estimate: TokenEstimate;
  readonly output: AgentOutput | undefined;
  /** What was found out about the model. */
  readonly traits: ModelTraits;
  /** Undefined: the caller wants the answer alone. */
  readonly out: StreamWriter | undefined;
  readonly operation: Operation;
}

/** How often a model may say in a turn that the conversation is too long for it: each time it gets half of it. */
const narrowedMax = 4;
const tooLong = "(What came before was too long to be summed up, and is left out.)";

export class AgentTurn {
  readonly #parts: AgentTurnParts;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  readonly #startedMs: number;
  /** That of the definition, and less where the model has said that it is too much. */
  #contextTokens: number;
  #narrowed = 0;

  constructor(parts: AgentTurnParts) {
    this.#parts = parts;
    this.#startedMs = parts.ctx.nowMs();
    this.#contextTokens = parts.agent.memory.contextTokens;
    const { ctx, out } = parts;
    this.#signal = AbortSignal.any([ctx.signal, this.#controller.signal, ...(out ? [out.signal] : [])]);
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

  /** Tells whoever reads. One that has left ends the turn by the writer's signal. */
  readonly #say = async (delta: AgentDelta): Promise<void> => {
    try {
      await this.#parts.out?.write(delta);
    } catch (error) {
      this.#signal.throwIfAborted();
      throw error;
    }
  };

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
    const request = await this.#request();
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
      if (code === "model_context" && this.#narrow(request)) return;
      if (code === "model_rejected" && this.#separate(request)) return;
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
    this.#assertNoLoop(toolCalls);
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

  /** @throws RuntimeError `agent_loop`. */
  #assertNoLoop(toolCalls: readonly ToolCall[]): void {
    const { name, limits } = this.#parts.agent;
    const { maxToolCalls, maxSameCalls } = limits;
    const all = this.#turn.calls.length + toolCalls.length;
    if (all > maxToolCalls)
      throw new RuntimeError(
        "agent_loop",
        `${name}: its model calls ${all} tools in a turn (maxToolCalls: ${maxToolCalls})`,
      );
    const counts = new Map<string, number>();
    for (const call of [...this.#callsBefore(), ...toolCalls]) {
      const key = JSON.stringify([call.name, call.arguments]);
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (count > maxSameCalls)
        throw new RuntimeError(
          "agent_loop",
          `${name}: its model calls ${call.name} with the same arguments for the ${count}th time (maxSameCalls: ${maxSameCalls})`,
        );
    }
  }

  /** Those of this turn. */
  #callsBefore(): readonly ToolCall[] {
    const turn = this.#session.messages.slice(this.#turnPlace);
    return turn.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : []));
  }

  /** Of the message that has begun the turn. */
  get #turnPlace(): number {
    return this.#turn.firstMessage - this.#session.forgotten;
  }

  // What it is sent -------------------------------------------------------------------------------------------------

  async #request(): Promise<ChatRequest> {
    const { agent, box, output } = this.#parts;
    const { plugin: _plugin, ...settings } = agent.model;
    // One of the two at a time: tools first, and the structure when it has answered without.
    const isStructured = output !== undefined && (!this.#parts.traits.isEitherOr || this.#turn.corrections > 0);
    const hasTools = output === undefined || !this.#parts.traits.isEitherOr || this.#turn.corrections === 0;
    const tools = [...(agent.tools.length > 0 ? await box.specs() : []), ...handOffSpecs(agent)];
    const clash = tools.find(
      ({ name }, place) => place < tools.length - agent.handOffs.length && name.startsWith(handOffPrefix),
    );
    if (clash !== undefined)
      throw new RuntimeError(
        "tool_ambiguous",
        `${agent.name}: a tool's name begins with ${handOffPrefix}: ${clash.name}`,
      );
    return {
      ...settings,
      messages: await this.#messages(),
      ...(tools.length > 0 && hasTools && { tools }),
      ...((isStructured || tools.length === 0) && output && { output: { name: "answer", schema: output.schema } }),
    };
  }

  /** As many as fit; the first ones are summed up, or left out. */
  async #messages(): Promise<readonly ChatMessage[]> {
    const { agent, estimate } = this.#parts;
    const session = this.#session;
    const head = this.#head();
    const room = this.#contextTokens - estimate.of(head);
    if (estimate.of(session.messages) <= room) return [...head, ...session.messages];
    // Less than would fit, so that not every turn has to.
    const cut = cutFor(session.messages, this.#turnPlace, room / 2, estimate);
    if (cut === 0) return [...head, ...session.messages];
    if (!agent.memory.summarises) return [...head, ...session.messages.slice(cut)];
    await this.#summarise(cut);
    return [...this.#head(), ...session.messages];
  }

  #head(): readonly ChatMessage[] {
    const { instructions } = this.#parts.agent;
    const { summary } = this.#session;
    const texts = [instructions, summary === undefined ? undefined : summaryText(summary)];
    const content = texts.filter((text) => text !== undefined && text !== "").join("\n\n");
    return content === "" ? [] : [{ role: "system", content }];
  }

  async #summarise(messages: number): Promise<void> {
    const { model, agent, operation, keep } = this.#parts;
    const { plugin: _plugin, ...settings } = agent.model;
    const { summary: before, messages: all } = this.#session;
    const request = { ...settings, messages: summaryRequest(before, all.slice(0, messages)) };
    let made: { readonly content: string; readonly usage: ChatUsage | undefined };
    try {
      made = await model.chat(request, { signal: this.#signal, trace: operation.trace }).answer();
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      if (errorData(error).code !== "model_context") throw error;
      made = { content: before === undefined ? tooLong : `${before}\n${tooLong}`, usage: undefined };
    }
    const { content: summary, usage } = made;
    await keep({ type: "summarised", messages, summary, ...(usage && { usage }) });
    await this.#say({ type: "summarised", messages });
  }

  /** Whether the model may have refused the request for what it has both of. It is not sent so again. */
  #separate({ tools, output }: ChatRequest): boolean {
    const { traits } = this.#parts;
    if (traits.isEitherOr || tools === undefined || output === undefined) return false;
    traits.isEitherOr = true;
    return true;
  }

  /** The model has said that it is too much. @returns false: there is nothing more to leave out. */
  #narrow({ messages }: ChatRequest): boolean {
    if (this.#turnPlace === 0 || this.#narrowed === narrowedMax) return false;
    this.#narrowed++;
    this.#contextTokens = Math.min(this.#contextTokens, this.#parts.estimate.of(messages)) / 2;
    return true;
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
