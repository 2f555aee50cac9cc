/** The calls of tools in a model's answer: run beside one another, each recorded when it begins and when it has ended. */
import {
  type ChatToolMessage,
  type Context,
  errorData,
  RuntimeError,
  type Toolbox,
  type ToolCall,
} from "../../core/index.ts";
import type { AgentAnswer, AgentDelta } from "./agent-answer.ts";
import type { CheckedAgent } from "./agent-definition.ts";
import { handedTo, handOn } from "./hand-off.ts";
import type { OpenCall, Session } from "./session.ts";
import type { Keep } from "./session-log.ts";

export interface ToolStepParts {
  readonly ctx: Context;
  readonly agent: CheckedAgent;
  readonly session: Session;
  readonly box: Toolbox;
  readonly keep: Keep;
  /** Where the session is named: what makes a call's name one of its own for good. */
  readonly sessionName: string | undefined;
  readonly signal: AbortSignal;
  readonly trace: string | undefined;
  say(delta: AgentDelta): Promise<void>;
}

/** What another agent has answered in this one's place. */
export interface HandedAnswer {
  readonly by: string;
  readonly answer: AgentAnswer;
}

export class ToolStep {
  readonly #parts: ToolStepParts;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  #handed: HandedAnswer | undefined;

  constructor(parts: ToolStepParts) {
    this.#parts = parts;
    this.#signal = AbortSignal.any([parts.signal, this.#controller.signal]);
  }

  /**
   * Runs those that may run. Those that wait for a decision are left.
   * @throws the signal's reason, by rejection; what keeping fails with.
   */
  async run(): Promise<HandedAnswer | undefined> {
    const { session, agent } = this.#parts;
    // Those that have begun come first: as many as run at a time.
    const order: readonly OpenCall["state"][] = ["runs", "decided", "new"];
    const queue = order.flatMap((wanted) =>
      session.open.flatMap(({ state }, place) => (state === wanted ? [place] : [])),
    );
    const work = async () => {
      for (let place = queue.shift(); place !== undefined; place = queue.shift()) await this.#one(place);
    };
    const workers = Array.from({ length: Math.min(agent.limits.maxParallelTools, queue.length) }, work);
    try {
      await Promise.all(workers);
    } catch (error) {
      // The others are of no use any more; each is over before the turn is.
      this.#controller.abort(error);
      await Promise.allSettled(workers);
      throw error;
    }
    return this.#handed;
  }

  async #one(place: number): Promise<void> {
    const { ctx, session, keep, say } = this.#parts;
    this.#signal.throwIfAborted();
    const { call, state, decision } = session.open[place] as OpenCall;
    if (decision?.isApproved === false) {
      const why = decision.reason === undefined ? "" : `: ${decision.reason}`;
      await this.#ended(place, `tool_denied: somebody has said no to the call${why}`, true, 0);
      return;
    }
    if (state !== "runs") await keep({ type: "toolBegan", place });
    const beganMs = ctx.nowMs();
    await say({ type: "toolCall", place, name: call.name, arguments: call.arguments });
    const { content, isError = false } = await this.#answer(call, place, decision?.isApproved === true);
    await this.#ended(place, content, isError, ctx.nowMs() - beganMs);
  }

  async #ended(place: number, content: string, isError: boolean, tookMs: number): Promise<void> {
    const { session, keep, say } = this.#parts;
    const { name } = (session.open[place] as OpenCall).call;
    await keep({ type: "toolEnded", place, content, isError, tookMs });
    await say({ type: "toolResult", place, name, ok: !isError, content, ms: tookMs });
  }

  async #answer(
    call: ToolCall,
    place: number,
    isApproved: boolean,
  ): Promise<Pick<ChatToolMessage, "content" | "isError">> {
    const { agent, box, trace, say } = this.#parts;
    const to = handedTo(agent, call);
    if (to !== undefined) return await this.#handOn(call, to);
    return await box.answer(call, {
      signal: this.#signal,
      trace,
      key: this.#keyOf(place),
      isApproved,
      onProgress: (data) => void say({ type: "toolProgress", place, data }).catch(() => {}), // the turn ends by its own signal
    });
  }

  /** In a session that is stored no other call ever has it. */
  #keyOf(place: number): string | undefined {
    const { agent, session, sessionName } = this.#parts;
    if (sessionName === undefined) return undefined;
    const lastSaid = session.messages.findLastIndex(({ role }) => role === "assistant");
    return `${agent.name}/${sessionName}/${session.forgotten + lastSaid}/${place}`;
  }

  async #handOn(call: ToolCall, to: string): Promise<Pick<ChatToolMessage, "content" | "isError">> {
    const { ctx, agent, session, trace, say } = this.#parts;
    const { content, id, path } = session.turn as NonNullable<Session["turn"]>;
    const how = { signal: this.#signal, trace, say };
    try {
      const answer = await handOn(ctx, { to, from: agent.name, path, call, content, turn: id }, how);
      this.#handed ??= { by: to, answer };
      return { content: `${to} has answered` };
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof RuntimeError)) throw error;
      const { code, message } = errorData(error);
      return { content: `${code}: ${message}`, isError: true };
    }
  }
}
