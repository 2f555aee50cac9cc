/** One agent that runs: its session, and the turns in it. */
import { randomUUID } from "node:crypto";
import {
  assertKeys,
  beginOperation,
  type Context,
  describe,
  errorData,
  type ModelClient,
  modelOf,
  type NoReply,
  RuntimeError,
  toolboxOf,
} from "../../core/index.ts";
import {
  type AgentAnswer,
  type AgentDecision,
  type AgentDelta,
  type AgentInput,
  answerOf,
  approvalsOf,
  type SessionState,
} from "./agent-answer.ts";
import type { CheckedAgent } from "./agent-definition.ts";
import type { AgentOutput, ModelTraits } from "./agent-requests.ts";
import { AgentTurn } from "./agent-turn.ts";
import { TokenEstimate } from "./context-window.ts";
import { askedOf, decideAt, type HandedAnswer, type Hearing, handedEnd, handedTo } from "./hand-off.ts";
import {
  type AgentApproval,
  closing,
  handedAndWaiting,
  isOpen,
  type Session,
  type SessionEvent,
  uncertain,
  waiting,
} from "./session.ts";
import { type Keep, openSession, type SessionLog } from "./session-log.ts";

/** What an agent is started with. */
export interface AgentStart {
  /** The name of its session, 1 to 128 characters, in the store. Default: it has one of its own, which ends with it. */
  readonly session?: string;
}

const nameLengthMax = 128;

export class RunningAgent {
  readonly #agent: CheckedAgent;
  readonly #output: AgentOutput | undefined;
  readonly #sessionName: string | undefined;
  readonly #log: SessionLog;
  readonly #estimate = new TokenEstimate();
  readonly #traits: ModelTraits = { isEitherOr: false };
  #isRecovered = false;

  private constructor(
    agent: CheckedAgent,
    output: AgentOutput | undefined,
    session: string | undefined,
    log: SessionLog,
  ) {
    this.#agent = agent;
    this.#output = output;
    this.#sessionName = session;
    this.#log = log;
  }

  /** @throws RuntimeError `bad_argument`, `plugin_missing`, `storage_…`, `model_budget`, by rejection. */
  static async start(
    agent: CheckedAgent,
    output: AgentOutput | undefined,
    given: AgentStart | undefined,
    ctx: Context,
  ): Promise<RunningAgent> {
    const session = checkedSession(agent, given);
    const running = new RunningAgent(agent, output, session, await openSession(agent.name, session, ctx));
    await running.#own(ctx);
    return running;
  }

  /** Whoever has nothing left does not start. */
  async #own(ctx: Context): Promise<void> {
    const { budget } = this.#agent;
    if (budget === undefined) return;
    const { key: _key, ...limits } = budget;
    const model = this.#model(ctx);
    if (Object.keys(limits).length > 0) await model.setBudget(this.#budgetKey as string, limits);
    await model.assertBudget();
  }

  /**
   * Before its first turn, and not at the start, so that whoever has the session still may go on: calls that have begun and have no result,
   * of which nobody knows how far they came. What was handed on can be asked for again.
   */
  async #recover(keep: Keep): Promise<void> {
    if (this.#isRecovered) return;
    const { session } = this.#log;
    const left = session.open.flatMap(({ call, state }, place) =>
      state === "runs" && handedTo(this.#agent, call) === undefined
        ? [uncertain(place, "it had begun when the agent ended")]
        : [],
    );
    await keep(...left);
    this.#isRecovered = true;
  }

  get #budgetKey(): string | undefined {
    const { budget, name } = this.#agent;
    return budget && (budget.key ?? `agent:${name}${this.#sessionName === undefined ? "" : `/${this.#sessionName}`}`);
  }

  #model(ctx: Context): ModelClient {
    const key = this.#budgetKey;
    return modelOf(ctx, this.#agent.model.plugin, { budgets: key === undefined ? [] : [key] });
  }

  /** A copy: what it is made of goes on changing. */
  get state(): SessionState {
    const { session } = this.#log;
    const { turns, messages, forgotten, summary, usage } = session;
    const { approvals } = this;
    return structuredClone({
      session: this.#sessionName,
      turns,
      messages,
      forgotten,
      summary,
      usage,
      turn: turnState(session),
      approvals,
      estimateError: this.#estimate.error,
    });
  }

  get approvals(): readonly AgentApproval[] {
    return approvalsOf(this.#agent.name, this.#log.session);
  }

  ask(given: unknown, ctx: Context): Promise<AgentAnswer | NoReply> {
    return this.#turn(ctx, async (keep) => {
      const { content, turn: id = randomUUID(), path = [] } = checkedInput(given);
      const { session } = this.#log;
      if (session.turn?.id === id) {
        if (session.turn.content === content) return;
        throw new RuntimeError("bad_argument", `ask: the turn ${describe(id)} was asked something else`);
      }
      this.#assertDecided();
      const left: SessionEvent[] = isOpen(session)
        ? [...closing(session, "it was left in the midst"), { ...givenUp, tookMs: session.turn?.tookMs ?? 0 }]
        : [];
      const on = path.length > 0 ? { path } : {};
      await keep(...left, { type: "asked", turn: id, content, atMs: ctx.wallMs(), ...on });
    });
  }

  /** Goes on with a turn that was left in the midst. Of one that is over, or waits, it is the answer. */
  goOn(ctx: Context): Promise<AgentAnswer | NoReply> {
    return this.#turn(ctx, async (keep, hearing) => {
      const { session } = this.#log;
      if (session.turn === undefined)
        throw new RuntimeError("bad_argument", `goOn: ${this.#agent.name} was asked nothing yet`);
      // Somebody may have decided there.
      const handed = handedAndWaiting(session);
      if (handed !== undefined) await this.#askAgain(handed, keep, ctx, hearing);
    });
  }

  decide(given: unknown, ctx: Context): Promise<AgentAnswer | NoReply> {
    return this.#turn(ctx, async (keep, hearing) => {
      const decision = checkedDecision(given);
      const { id } = decision;
      const { session } = this.#log;
      if (!this.approvals.some((approval) => approval.id === id)) {
        const known = this.approvals.map((approval) => approval.id).join(", ") || "none";
        throw new RuntimeError("bad_argument", `decide: no call waits for ${describe(id)} (there waits: ${known})`);
      }
      const handed = handedAndWaiting(session);
      if (handed === undefined) return await keep({ type: "decided", ...decision });
      const { by, asked } = handed;
      try {
        const answer = await decideAt(ctx, by, decision, hearing);
        await this.#heard({ by, answer, asked }, keep);
      } catch (error) {
        // Somebody has decided there, and it may have answered.
        if (errorData(error).code !== "bad_argument") throw error;
        await this.#askAgain(handed, keep, ctx, hearing);
      }
    });
  }

  async #askAgain(
    { by, asked }: Pick<HandedAnswer, "by" | "asked">,
    keep: Keep,
    ctx: Context,
    hearing: Hearing,
  ): Promise<void> {
    const path = [...(this.#log.session.turn?.path ?? []), this.#agent.name];
    await this.#heard(await askedOf(ctx, by, asked, path, hearing), keep);
  }

  async #heard(handed: HandedAnswer, keep: Keep): Promise<void> {
    await keep({ type: "ended", tookMs: this.#log.session.turn?.tookMs ?? 0, ...handedEnd(handed) });
  }

  #assertDecided(): void {
    const calls = this.approvals.map(({ tool }) => tool);
    if (calls.length > 0)
      throw new RuntimeError(
        "agent_waits",
        `${this.#agent.name} waits for somebody to decide about ${calls.join(", ")}: call decide first`,
      );
  }

  /**
   * @param begin records what the turn begins with, or goes on with
   * @returns the answer; where it has failed the caller is told, and the agent goes on.
   */
  async #turn(ctx: Context, begin: (keep: Keep, hearing: Hearing) => Promise<void>): Promise<AgentAnswer | NoReply> {
    const { from } = ctx;
    const out = from?.stream === undefined ? undefined : ctx.stream(from);
    const operation = beginOperation(ctx, "invoke_agent", this.#agent.name);
    const attributes = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": this.#agent.name };
    const hearing = {
      signal: out === undefined ? ctx.signal : AbortSignal.any([ctx.signal, out.signal]),
      trace: operation.trace,
      say: async (delta: AgentDelta) => void (await out?.write(delta)),
    };
    /** Whether it fails of itself, and not of what is recorded. */
    let isAtWork = false;
    try {
      const answer = await this.#log.turn(ctx, async (keep) => {
        await this.#recover(keep);
        await begin(keep, hearing);
        const { session } = this.#log;
        if (session.turn !== undefined && session.turn.path.length > 0) await hearing.say({ type: "begins" });
        const parts = {
          ctx,
          agent: this.#agent,
          session,
          keep,
          out,
          operation,
          model: this.#model(ctx),
          box: toolboxOf(ctx, this.#agent.tools),
          output: this.#output,
          estimate: this.#estimate,
          traits: this.#traits,
        };
        if (isOpen(session)) {
          isAtWork = true;
          return await new AgentTurn(parts).run();
        }
        return answerOf(this.#agent.name, session, session.turn as NonNullable<typeof session.turn>);
      });
      operation.end({ attributes });
      return answer;
    } catch (error) {
      const { code = "crashed", message } = errorData(error);
      operation.end({ attributes, failure: code });
      // What it cannot go on from is its end.
      const isFatal = this.#log.isLost || !(error instanceof RuntimeError) || (isAtWork && code === "model_budget");
      if (isFatal) throw error;
      ctx.signal.throwIfAborted();
      if (out !== undefined) out.fail({ code, message });
      else if (from !== undefined) ctx.replyError(from, { code, message });
      return ctx.noReply;
    }
  }
}

function turnState(session: Session): SessionState["turn"] {
  if (session.turn === undefined) return "none";
  if (waiting(session).length > 0 || handedAndWaiting(session) !== undefined) return "waits";
  return session.turn.end === undefined ? "open" : "ended";
}

const givenUp = {
  type: "ended",
  finish: "interrupted",
  code: "interrupted",
  message: "the turn was left in the midst, and something else was asked",
} as const;

function checkedSession({ name }: CheckedAgent, given: AgentStart | undefined): string | undefined {
  if (given === undefined) return undefined;
  assertKeys(name, given, ["session"]);
  const { session } = given;
  if (session === undefined || (isName(session) && !session.includes("\0"))) return session;
  throw new RuntimeError(
    "bad_argument",
    `${name}: session is a text of 1 to ${nameLengthMax}, got ${describe(session)}`,
  );
}

function checkedInput(given: unknown): Exclude<AgentInput, string> {
  if (typeof given === "string") return checkedInput({ content: given });
  assertKeys("ask", given, ["content", "turn", "path"]);
  const input = given as Exclude<AgentInput, string>;
  if (typeof input.content !== "string" || input.content === "")
    throw new RuntimeError("bad_argument", `ask: content is a text that is not empty, got ${describe(input.content)}`);
  if (input.turn !== undefined && !isName(input.turn, 1_024))
    throw new RuntimeError("bad_argument", `ask: turn is a text of 1 to 1024, got ${describe(input.turn)}`);
  if (input.path !== undefined && !(Array.isArray(input.path) && input.path.every((one) => isName(one))))
    throw new RuntimeError("bad_argument", `ask: path is a list of agents' names, got ${describe(input.path)}`);
  return { ...input, content: input.content.toWellFormed() };
}

function checkedDecision(given: unknown): AgentDecision {
  assertKeys("decide", given, ["id", "isApproved", "reason"]);
  const { id, isApproved, reason } = given as Partial<AgentDecision>;
  const wrong = (what: string, got: unknown) =>
    new RuntimeError("bad_argument", `decide: ${what}, got ${describe(got)}`);
  if (typeof id !== "string") throw wrong("id is that of an approval", id);
  if (typeof isApproved !== "boolean") throw wrong("isApproved is true or false", isApproved);
  if (reason !== undefined && typeof reason !== "string") throw wrong("reason is a text", reason);
  return { id, isApproved, ...(reason !== undefined && { reason: reason.toWellFormed() }) };
}

function isName(value: unknown, lengthMax = nameLengthMax): value is string {
  return typeof value === "string" && value !== "" && value.length <= lengthMax && value.isWellFormed();
}
