/**
 * One turn of an agent: the model is asked, tools are run, and so on until there is an answer. What it does next follows from its session
 * alone, so a turn goes on where another incarnation has left it.
 */
import { randomUUID } from "node:crypto";
import {
  byDeadline,
  type ChatAnswer,
  type ChatRequest,
  checkMessage,
  errorData,
  RuntimeError,
  type StreamWriter,
  type ToolCall,
} from "../../core/index.ts";
import { hasEnded, untilBack } from "../restarted.ts";
import { type AgentAnswer, type AgentDelta, answerOf } from "./agent-answer.ts";
import { AgentRequests, type RequestParts } from "./agent-requests.ts";
import { type HandedAnswer, handedEnd } from "./hand-off.ts";
import { assertNoLoop } from "./loops.ts";
import { closing, type Session, type SessionEvent, type Turn, waiting } from "./session.ts";
import { ToolStep, type ToolStepParts } from "./tool-step.ts";

export interface AgentTurnParts extends Omit<ToolStepParts, "signal" | "trace" | "say" | "assertOutput">, RequestParts {
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
      const written = this.#parts.out?.write(delta);
      if (written !== undefined) await unlessAborted(written, this.#signal);
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
      assertOutput: (answer) => this.#assertOutput(answer),
    }).run();
  }

  /** One that waits is looked at when it has answered. */
  async #assertOutput({ output, finish }: AgentAnswer): Promise<void> {
    const { output: wanted } = this.#parts;
    if (wanted === undefined || finish === "approval") return;
    try {
      await wanted.check(output);
    } catch (error) {
      throw new RuntimeError("model_output", `it was answered in another form: ${errorData(error).message}`);
    }
  }

  async #handedOn(handed: HandedAnswer): Promise<void> {
    // What else was called beside it, and waits, is no matter of the conversation's any more.
    const left = closing(this.#session, "the conversation was handed on");
    await this.#parts.keep(...left, { type: "ended", tookMs: this.#tookMs, ...handedEnd(handed) });
  }

  // The model -------------------------------------------------------------------------------------------------------

  /** One answer of the model. */
  async #step(): Promise<void> {
    const { agent, keep } = this.#parts;
    const { maxSteps } = agent.limits;
    if (this.#turn.steps >= maxSteps)
      throw new RuntimeError("agent_loop", `${agent.name} has no answer after ${maxSteps} of its model's (maxSteps)`);
    const request = await this.#requests.next();
    const said = { text: "" };
    let answer: ChatAnswer;
    try {
      // One that is started again meanwhile is asked anew, unless it has been heard.
      const mayAgain = (error: unknown) => hasEnded(error) && said.text === "";
      answer = await untilBack(this.#signal, () => this.#ask(request, said), mayAgain);
    } catch (error) {
      const { code, message } = errorData(error);
      if (this.#signal.aborted) {
        // What was read of it has been said.
        if (said.text !== "") await keep({ type: "said", content: said.text, toolCalls: [] });
        throw this.#signal.reason;
      }
      if (this.#requests.bears(code, request)) return;
      if (code !== "model_output") throw error;
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
    const { messages, tools, output } = request;
    estimate.learn({ messages, beside: { tools, output } }, answer.usage);
    return answer;
  }

  async #take({ content, toolCalls, usage, finishReason, output }: ChatAnswer): Promise<void> {
    const { agent, keep, output: wanted } = this.#parts;
    if (toolCalls.length > 0) return await this.#begin({ content, toolCalls, usage });
    const said = { type: "said", content, toolCalls: [], ...(usage && { usage }) } as const;
    let checked: unknown;
    if (wanted !== undefined) {
      try {
        checked = await wanted.check(output === undefined ? JSON.parse(content) : output);
      } catch (error) {
        return await this.#correct(said, errorData(error).message);
      }
      assertData(checked, agent.name);
    }
    const finish = finishReason === "length" ? "length" : "stop";
    const end = { finish, ...(checked !== undefined && { output: checked }) } as const;
    await keep(said, { type: "ended", tookMs: this.#tookMs, ...end });
  }

  /** @throws RuntimeError `model_output`: it was told often enough. */
  async #correct(said: SessionEvent & { readonly type: "said" }, why: string): Promise<void> {
    const { agent, keep, traits } = this.#parts;
    // One that takes tools or a form could not know it before.
    const isForm = traits.isEitherOr && !this.#turn.isForm;
    if (!isForm && this.#turn.corrections >= agent.limits.maxCorrections) {
      await keep(said);
      throw new RuntimeError("model_output", `${agent.name}: the answer is not of its schema: ${why}`);
    }
    const content = `That was not an answer of the form that is wanted: ${why}. Answer again: with JSON of the schema, and nothing else.`;
    await keep(said, { type: "corrected", content, ...(isForm && { isForm }) });
    await this.#say({ type: "again", why });
  }

  /** Records what is run at once, and what somebody has to decide about. */
  async #begin({
    content,
    toolCalls: given,
    usage,
  }: Pick<ChatAnswer, "content" | "toolCalls" | "usage">): Promise<void> {
    const { ctx, agent, box, keep } = this.#parts;
    const toolCalls = toldApart(given);
    const said = { type: "said", content, toolCalls, ...(usage && { usage }), key: randomUUID() } as const;
    try {
      assertNoLoop(agent, this.#session, toolCalls);
    } catch (error) {
      await keep(said);
      throw error;
    }
    const waits = toolCalls.map(({ name }) => box.needsApproval(name));
    const begins = waits
      .flatMap((isWaiting, place) => (isWaiting ? [] : [place]))
      .slice(0, agent.limits.maxParallelTools);
    const atMs = ctx.wallMs();
    const asked = waits.flatMap((isWaiting, place) =>
      isWaiting ? [{ type: "approvalAsked", place, id: randomUUID(), atMs } as const] : [],
    );
    await keep({ ...said, begins }, ...asked);
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
      code: isInterrupted ? "interrupted" : code,
      message,
    });
  }
}

/** A reader that does not read keeps nobody from ending. @throws the signal's reason, by rejection. */
async function unlessAborted(work: PromiseLike<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** @throws RuntimeError `bad_argument`: the schema makes of an answer what cannot be kept. */
function assertData(output: unknown, name: string): void {
  try {
    checkMessage(output);
  } catch (error) {
    const text = `${name}: what its output's schema makes of an answer is no data: ${errorData(error).message}`;
    throw new RuntimeError("bad_argument", text, { cause: error });
  }
}

/** As models should write them: each with an id of its own, by which its result is found, and with a name. */
function toldApart(calls: readonly ToolCall[]): readonly ToolCall[] {
  const ids = new Set<string>();
  return calls.map(({ id: given, name, arguments: text }, place) => {
    let id = given === "" ? `call-${place}` : given;
    while (ids.has(id)) id += `-${place}`;
    ids.add(id);
    return { id, name: name === "" ? "unnamed" : name, arguments: text };
  });
}
