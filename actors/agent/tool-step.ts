/** The calls of tools in a model's answer: run beside one another, each recorded when it begins and when it has ended. */
import {
  type Context,
  errorData,
  RuntimeError,
  type Toolbox,
  type ToolCall,
  type ToolOutcome,
} from "../../core/index.ts";
import type { AgentAnswer, AgentDelta } from "./agent-answer.ts";
import type { CheckedAgent } from "./agent-definition.ts";
import { type HandedAnswer, handedTo, handOn } from "./hand-off.ts";
import { type OpenCall, type Session, type SessionEvent, type Turn, uncertain } from "./session.ts";
import type { Keep } from "./session-log.ts";

export interface ToolStepParts {
  readonly ctx: Context;
  readonly agent: CheckedAgent;
  readonly session: Session;
  readonly box: Toolbox;
  readonly keep: Keep;
  readonly signal: AbortSignal;
  readonly trace: string | undefined;
  say(delta: AgentDelta): Promise<void>;
  /** @throws RuntimeError `model_output`, by rejection: what another agent has answered is not of the form that this one's answers have. */
  assertOutput(answer: AgentAnswer): Promise<void>;
}

/** What a tool's call fails with when its plugin has ended, or was not heard of any more: it may be done. `noproc` is not among them: nothing was begun. */
const leftOpen = new Set([
  ...["killed", "shutdown", "normal", "crashed", "exit_called", "budget", "turn_limit", "turn_lost"],
  ...["thread_lost", "process_lost", "interrupted", "timeout"],
]);

export class ToolStep {
  readonly #parts: ToolStepParts;
  readonly #controller = new AbortController();
  readonly #signal: AbortSignal;
  #handed: HandedAnswer | undefined;
  #isHanding = false;

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
    const { content, code } = await this.#answer(call, place, decision?.isApproved === true);
    const tookMs = ctx.nowMs() - beganMs;
    if (code !== undefined && leftOpen.has(code)) await this.#end(uncertain(place, content, tookMs));
    else await this.#ended(place, content, code !== undefined, tookMs);
  }

  #ended(place: number, content: string, isError: boolean, tookMs: number): Promise<void> {
    return this.#end({ type: "toolEnded", place, content, isError, tookMs });
  }

  async #end(event: SessionEvent & { readonly type: "toolEnded" }): Promise<void> {
    const { session, keep, say } = this.#parts;
    const { place, content, isError, tookMs } = event;
    const { name } = (session.open[place] as OpenCall).call;
    await keep(event);
    await say({ type: "toolResult", place, name, ok: !isError, content, ms: tookMs });
  }

  async #answer(call: ToolCall, place: number, isApproved: boolean): Promise<ToolOutcome> {
    const { agent, session, box, trace } = this.#parts;
    const key = `${session.key}/${place}`;
    const to = handedTo(agent, call);
    if (to !== undefined) return await this.#handOn(call, to, key);
    const onProgress = this.#progressOf(place);
    return await box.run(call, { signal: this.#signal, trace, key, isApproved, onProgress });
  }

  /** What comes while the last word of it is on its way is left out: a reader that is slow fails no turn. */
  #progressOf(place: number): (data: unknown) => void {
    let isTelling = false;
    return (data) => {
      if (isTelling) return;
      isTelling = true;
      const told = () => {
        isTelling = false;
      };
      // Whom nobody hears ends by the turn's own signal.
      void this.#parts.say({ type: "toolProgress", place, data }).then(told, told);
    };
  }

  /** To one alone: two answers would be none. */
  async #handOn(call: ToolCall, to: string, turn: string): Promise<ToolOutcome> {
    const { ctx, agent, session, trace, say } = this.#parts;
    const { content, path } = session.turn as Turn;
    if (this.#isHanding) return { content: "not done: it was handed to another one already", code: "bad_argument" };
    this.#isHanding = true;
    try {
      const hearing = { signal: this.#signal, trace, say };
      const handed = await handOn(ctx, { to, from: agent.name, path, call, content, turn }, hearing);
      await this.#parts.assertOutput(handed.answer);
      this.#handed = handed;
      return { content: `${to} has answered` };
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof RuntimeError)) throw error;
      this.#isHanding = false;
      // The turn has a name: it can be asked for again.
      return { content: `${error.code}: ${errorData(error).message}`, code: "bad_argument" };
    }
  }
}
