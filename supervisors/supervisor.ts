/**
 * The supervisor: an actor that starts, watches, restarts and ends its children.
 *
 * Erlang/OTP 25's supervisor, to the letter where an actor can: see README.md for what is ours. This file is the
 * gen_server part: what arrives, in which order it is served, and how the supervisor itself starts and ends. A state
 * machine without a promise: see procedure.ts.
 */
import {
  type Context,
  type ExitMessage,
  type ExitReason,
  errorData,
  type From,
  isBehaviour,
  type StartResult,
  type SystemMessage,
} from "../core/index.ts";
import { startsAtOnceMax } from "./child-process.ts";
import { asReference, type FullChildSpec } from "./child-spec.ts";
import type { RetryMessage } from "./children.ts";
import { checkChildren, checkFlags, type FullFlags, type SupervisorSetup } from "./flags.ts";
import { ListedCrew } from "./listed-crew.ts";
import { type ChangeCodeOutcome, failed, type GetChildSpecOutcome } from "./outcome.ts";
import { type AlarmMessage, answer, type Call, type Job, type Procedure, Procedures } from "./procedure.ts";
import { type Crew, Supervision, type Verdict } from "./supervision.ts";
import { TemplateCrew } from "./template-crew.ts";

/** What a supervisor's `init` answers: its setup, or that there shall be no supervisor. */
export type SetupAnswer = SupervisorSetup | "ignore";

/** Asks the definition again, for a change of code. */
export type AskSetup = (argument: unknown) => unknown;

export class Supervisor {
  readonly #ctx: Context;
  readonly #procedures: Procedures;
  readonly #supervision: Supervision;
  readonly #crew: Crew;
  readonly #askSetup: AskSetup;
  /** What `init` was called with (OTP keeps it too). */
  #argument: unknown;

  constructor(ctx: Context, flags: FullFlags, specs: readonly FullChildSpec[], askSetup: AskSetup, argument: unknown) {
    this.#ctx = ctx;
    this.#procedures = new Procedures(ctx, (job) => this.#begin(job));
    this.#supervision = new Supervision(ctx, this.#procedures, flags);
    const [template] = specs;
    this.#crew =
      flags.strategy === "simple_one_for_one" && template !== undefined
        ? new TemplateCrew(this.#supervision, template)
        : new ListedCrew(this.#supervision, specs);
    this.#askSetup = askSetup;
    this.#argument = argument;
  }

  /** Starts the children. `initDone` follows, in this turn or in a later one. */
  start(initDone: (result: StartResult) => void): void {
    this.#procedures.run(this.#start(initDone));
  }

  call(name: string, argument: unknown, from: From): void {
    if (this.#procedures.submit({ kind: "call", name, argument, from })) return;
    this.#ctx.replyError(from, {
      code: "mailbox_full",
      message: `supervisor ${this.#ctx.self.toString()} holds too many calls`,
    });
  }

  receive(message: unknown): void {
    if (isSystemMessage(message)) {
      if (this.#procedures.offer(message)) return;
      if (message.type === "exit") {
        this.#exit(message);
        return;
      }
    }
    // A retry that is no longer due: the child was started, ended or deleted by other means meanwhile.
    if (isRetry(message)) {
      if (this.#crew.isDue(message)) this.#procedures.submit({ kind: "retry", message });
      return;
    }
    if (this.#procedures.continueWith(message)) return;
    this.#ctx.log("error", "Supervisor received unexpected message", { message });
  }

  /**
   * The parent ended, or somebody asked for a stop: both wait for what is under way, as in OTP's mailbox, but no child is
   * started any more, also in a start of the supervisor itself.
   */
  stop(reason: ExitReason): void {
    this.#procedures.stop(reason);
  }

  /** For crash reports. */
  summary(): object {
    const { strategy, intensity, periodMs, autoShutdown } = this.#supervision.flags;
    return { supervisor: strategy, intensity, periodMs, autoShutdown };
  }

  #exit({ from, reason }: ExitMessage): void {
    // Exits of actors that are no children (any more) mean nothing (OTP).
    if (this.#crew.has(from)) this.#procedures.submit({ kind: "exit", ref: from, reason });
  }

  *#start(initDone: (result: StartResult) => void): Procedure<void> {
    const reason = yield* this.#crew.start();
    if (reason !== undefined) this.#procedures.close();
    initDone(reason === undefined ? { ok: true } : { ok: false, reason });
  }

  *#begin(job: Job): Procedure<void> {
    switch (job.kind) {
      case "call":
        yield* job.name === "startChild" ? this.#startChildren(job) : this.#answer(job);
        return;
      case "exit":
        yield* this.#obey(yield* this.#crew.exited(job.ref, job.reason));
        return;
      case "retry":
        yield* this.#obey(yield* this.#crew.retry(job.message));
        return;
      case "stop":
        yield* this.#end(job.reason, job.reason);
        return;
    }
  }

  *#obey(verdict: Verdict): Procedure<void> {
    if (verdict !== "goOn") yield* this.#end("shutdown", verdict);
  }

  /** Takes the children down, then ends. Calls that are held are answered by the kernel, with this reason. */
  *#end(reason: ExitReason, why: ExitReason): Procedure<void> {
    this.#supervision.ending(why);
    yield* this.#crew.terminate();
    this.#procedures.close();
    this.#ctx.stop(reason);
  }

  /** Requests to start a child come in crowds: those in a row may start together. Ours; OTP starts one after the other. */
  *#startChildren(first: Call): Procedure<void> {
    const more = Math.min(this.#crew.startsTogetherMax, startsAtOnceMax) - 1;
    const calls = [first, ...this.#procedures.takeCalls(first.name, more)];
    const given = calls.map(({ argument }) => argument);
    yield* this.#crew.startChildren(given, (place, outcome) => this.#ctx.reply((calls[place] as Call).from, outcome));
  }

  *#answer({ name, argument, from }: Call): Procedure<void> {
    const procedure = name === "changeCode" ? answer(this.#changeCode(argument)) : this.#crew.request(name, argument);
    if (procedure === undefined) {
      // OTP's supervisor crashes on a request that it does not know. A slip of a caller must not cost it its children.
      this.#ctx.replyError(from, { code: "undef", message: `a supervisor has no call "${name}"` });
      return;
    }
    const value = yield* procedure;
    if (name === "getChildSpec") this.#replySpec(from, value as GetChildSpecOutcome);
    else this.#ctx.reply(from, value);
  }

  /** A behaviour crosses to a caller on another thread as a reference, which takes an import to find. */
  #replySpec(from: From, outcome: GetChildSpecOutcome): void {
    const ctx = this.#ctx;
    if (!outcome.ok || from.caller.thread === ctx.self.thread || !isBehaviour(outcome.spec.start[0])) {
      ctx.reply(from, outcome);
      return;
    }
    const [behaviour, ...argument] = outcome.spec.start;
    ctx.task(asReference(behaviour)).then(
      (reference) => ctx.reply(from, { ...outcome, spec: { ...outcome.spec, start: [reference, ...argument] } }),
      (error: { readonly code?: string; readonly message: string }) =>
        ctx.replyError(from, { code: error.code ?? "module_unknown", message: error.message }),
    );
  }

  /** OTP's code_change: asks the definition again and merges its answer; children that run go on as they are. */
  #changeCode(argument: unknown): ChangeCodeOutcome {
    const given = argument ?? this.#argument;
    let setup: SupervisorSetup;
    try {
      const answer = this.#askSetup(given);
      if (answer === "ignore") return { ok: true };
      if (!isSetup(answer)) return failed("bad_return");
      setup = answer;
    } catch (thrown) {
      // A change that fails leaves the supervisor as it was (OTP, sys:change_code).
      return { ok: false, error: { code: "bad_return", value: errorData(thrown) } };
    }
    const flags = checkFlags(setup);
    if (!flags.ok) return flags;
    const isSimple = (strategy: string): boolean => strategy === "simple_one_for_one";
    if (isSimple(flags.value.strategy) !== isSimple(this.#supervision.flags.strategy)) {
      return { ok: false, error: { code: "bad_combination", value: { strategy: flags.value.strategy } } };
    }
    const specs = checkChildren(setup, flags.value);
    if (!specs.ok) return specs;
    this.#supervision.setFlags(flags.value);
    this.#crew.change(specs.value);
    this.#argument = given;
    return { ok: true };
  }
}

/** A promise is none: a supervisor's `init` is synchronous. */
export function isSetup(value: unknown): value is SupervisorSetup {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !("then" in value);
}

function isSystemMessage(
  message: unknown,
): message is Extract<SystemMessage, { type: "started" | "exit" | "down" }> | AlarmMessage {
  const type = typeOf(message);
  return type === "started" || type === "exit" || type === "down" || type === "timer";
}

function isRetry(message: unknown): message is RetryMessage {
  const type = typeOf(message);
  return type === "try_again_restart" || (type === "timer" && (message as RetryMessage).timer === "backoff");
}

function typeOf(message: unknown): unknown {
  return typeof message === "object" && message !== null ? (message as { type?: unknown }).type : undefined;
}
