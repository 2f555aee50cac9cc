/** The actor in its process: loads its behaviour, holds its state, runs one turn after the other. */
import { type Behaviour, isBehaviour } from "../actor/behaviour.ts";
import { exportedBehaviour } from "../actor/behaviour-module.ts";
import type { Context, From } from "../actor/context.ts";
import type { ExitReason } from "../actor/exit-reason.ts";
import { type Api, isRef, noReply, type Ref, type RefVerbs, refClass } from "../actor/ref.ts";
import { initLater, isThenable } from "../actor/turn-result.ts";
import { describe, type ErrorData, errorData, RuntimeError } from "../errors.ts";
import { type DeedKind, type DeedTerms, doDeed } from "../faults/deeds.ts";
import { hidesSecrets } from "../kernel/controls.ts";
import { stateText } from "../kernel/report-text.ts";
import type { AgentConfiguration, GivenConfiguration } from "../registry/agent-configuration.ts";
import type { Data } from "../registry/configuration.ts";
import { whileLoading } from "../thread/loading.ts";
import { freezeMessage } from "../thread/message-check.ts";
import { moduleFailed } from "../thread/module-loader.ts";
import type { RefWire } from "../thread/ref-wire.ts";
import { ValueBytes } from "../thread/value-bytes.ts";
import { MainLine } from "./main-line.ts";
import { contextOf, ProcessContext, type TurnState } from "./process-context.ts";
import type { LoadedBehaviour, ToProcess, TurnKind } from "./protocol.ts";

type Turn = Extract<ToProcess, { type: "turn" }>;

/** Handlers that a behaviour may lack. */
const optionalHandlers = ["call", "cast", "continue", "terminate", "paused", "resumed"] as const;

/** Turns whose result main gets. */
const tellingTurns: readonly TurnKind[] = ["getState", "configuration", "reconfigure"];

export class ProcessActor {
  readonly line: MainLine;
  readonly #values: ValueBytes;
  readonly #context: ProcessContext;
  readonly #ctx: Context;
  /** The turn that is under way, and what it was told to end with. */
  #turn: Turn | undefined;
  #interruption: RuntimeError | undefined;
  readonly #now: TurnState;
  readonly #exit: () => void;
  #behaviour: Behaviour<never, Api> | undefined;
  #configuration: AgentConfiguration | undefined;
  /** What `init` gets of it. */
  #read: unknown;
  #checks = false;
  #creation = 0;

  /** @param exit ends the process at once, without asking main. */
  constructor(exit: () => void) {
    this.#exit = exit;
    const verbs: RefVerbs = {
      call: (ref, name, argument, options) => this.#ctx.call(ref, name, argument, options),
      cast: (ref, name, argument, options) => this.#ctx.cast(ref, name, argument, options),
      send: (ref, message, options) => this.#ctx.send(ref, message, options),
    };
    const BoundRef = refClass("", () => this.#creation, verbs);
    const refWire: RefWire = {
      isRef: (value) => isRef(value) && value.creation === this.#creation,
      toWire: (ref) => {
        const { thread, slot, generation } = ref as Ref;
        return { node: 0, thread, slot, generation };
      },
      fromWire: (_node, thread, slot, generation) => new BoundRef(thread, slot, generation),
    };
    this.#values = new ValueBytes(refWire);
    // Known from the first word on; until then nothing of the actor runs.
    this.#now = {
      self: new BoundRef(-1, -1, -1),
      parent: undefined,
      from: undefined,
      state: undefined,
      isCounting: false,
      isWallClock: true,
    };
    this.line = new MainLine(this.#values, (word) => this.#take(word));
    this.#context = new ProcessContext(this.line, this.#now);
    this.#ctx = contextOf(this.#context);
  }

  #take(word: ToProcess): void {
    switch (word.type) {
      case "start":
        void this.#load(word);
        return;
      case "turn":
        void this.#run(word);
        return;
      case "interrupt":
        this.line.acknowledge();
        // Main has not heard yet that it has ended.
        if (this.#turn === undefined) return;
        this.#interruption = new RuntimeError("interrupted", `the turn was interrupted: ${word.reason}`);
        this.#context.abortTurn(this.#interruption);
        return;
      case "countTasks":
        this.#now.isCounting = true;
        return;
      case "end":
        this.#exit();
        return;
      case "settled":
        throw new Error("the line keeps what has settled");
    }
  }

  async #load(word: Extract<ToProcess, { type: "start" }>): Promise<void> {
    const { module, checks, isWallClock, refs, creation, frameBytesMax } = word;
    const [self, parent] = this.#values.decode(refs) as [Ref, Ref | undefined];
    this.#now.self = self;
    this.#now.parent = parent;
    this.#checks = checks;
    this.#now.isWallClock = isWallClock;
    this.#creation = creation;
    this.line.frameBytesMax = frameBytesMax;
    let exports: Readonly<Record<string, unknown>>;
    try {
      exports = await whileLoading(module.url, () => import(module.url) as Promise<typeof exports>);
    } catch (error) {
      const isOwn = error instanceof RuntimeError && error.code === "started_while_loading";
      this.line.sayFailure({ type: "failed", error: errorData(isOwn ? error : moduleFailed(module.url, error)) });
      return;
    }
    try {
      const { exportName, value } = exportedBehaviour(module, exports);
      this.line.say({ type: "loaded", behaviour: this.#adopt(module.url, exportName, value, exports) });
    } catch (error) {
      this.line.sayFailure({ type: "failed", error: errorData(error) });
    }
  }

  #adopt(url: string, exportName: string, value: unknown, exports: Readonly<Record<string, unknown>>): LoadedBehaviour {
    if (!isBehaviour(value)) {
      throw new RuntimeError(
        "module_export_missing",
        `${url} has no export "${exportName}" that is a behaviour (it exports ${Object.keys(exports).join(", ") || "nothing"})`,
      );
    }
    const { handlers, options } = value;
    if (handlers.parentExit !== undefined) {
      throw new RuntimeError(
        "bad_argument",
        `${exportName} of ${url} is a supervisor, and a process holds one actor without children: isolation "shared" or "thread"`,
      );
    }
    this.#behaviour = value;
    const { name, mailboxCapacity, mailboxPolicy, turnLimitMs, budget, taskConcurrency, declaration } = options;
    return {
      exportName,
      ...(name !== undefined && { name }),
      ...(mailboxCapacity !== undefined && { mailboxCapacity }),
      ...(mailboxPolicy !== undefined && { mailboxPolicy }),
      ...(turnLimitMs !== undefined && { turnLimitMs }),
      ...(budget !== undefined && { budget }),
      ...(taskConcurrency !== undefined && { taskConcurrency }),
      ...(declaration !== undefined && { declaration }),
      isConfigured: handlers.configuration !== undefined,
      isServer: handlers.isServer === true,
      handlers: optionalHandlers.filter((key) => handlers[key] !== undefined),
    };
  }

  async #run(turn: Turn): Promise<void> {
    this.#turn = turn;
    this.#interruption = undefined;
    this.#context.renewSignal();
    this.line.turnBegins(() => this.#turn !== turn);
    try {
      const given = this.#values.decode(turn.value);
      // A state that was given is the actor's own.
      if (this.#checks && turn.kind !== "replaceState") freezeMessage(given);
      let result = this.#handle(turn, given);
      if (isThenable(result)) result = await result;
      if (turn.kind === "init") {
        if (result !== initLater) this.#now.state = result;
        const as = result === initLater ? ({ as: "initLater" } as const) : {};
        this.line.say({ type: "done", value: this.#values.encode(undefined, "init"), ...as });
        return;
      }
      const isAnswer = (turn.kind === "call" && result !== noReply) || tellingTurns.includes(turn.kind);
      const what = turn.kind === "call" ? `answer of "${turn.name}"` : turn.kind;
      const value = this.#values.encode(isAnswer ? result : undefined, what);
      this.line.say({ type: "done", value, ...(result === noReply && { as: "noReply" as const }) }, what);
    } catch (error) {
      const { format } = this.#behaviour?.handlers ?? {};
      const aborted = this.#isAborted(error) ? ({ aborted: true } as const) : {};
      const state = stateText(this.#now.state, format, this.#configuration?.secrets);
      this.line.sayFailure({ type: "threw", error: this.#dataOf(error), state, ...aborted });
    } finally {
      this.#turn = undefined;
      this.#now.from = undefined;
    }
  }

  /** What nobody of the actor's has caught. */
  unhandled(error: unknown): void {
    this.line.sayFailure({ type: "unhandled", error: this.#dataOf(error) });
  }

  #dataOf(error: unknown): ErrorData {
    const data = errorData(error);
    return this.#configuration?.secrets?.hiddenInError(data) ?? data;
  }

  #isAborted(thrown: unknown): boolean {
    if (this.#interruption === undefined) return false;
    return thrown === this.#interruption || errorData(thrown).name === "AbortError";
  }

  #handle({ kind, name }: Turn, given: unknown): unknown {
    const handlers = (this.#behaviour as Behaviour<never, Api>).handlers; // no turn comes before "loaded"
    const { state } = this.#now;
    switch (kind) {
      case "configuration":
        this.#configuration = handlers.configuration?.(given as GivenConfiguration);
        return this.#configuration?.read().then((read) => {
          this.#read = read.value;
          return read.shown;
        });
      case "reconfigure":
        return this.#configuration?.offer(given as Data, state, this.#ctx);
      case "init":
        return handlers.init(given, this.#ctx, this.#read);
      case "receive":
        return handlers.receive(state, given, this.#ctx);
      case "call": {
        const [argument, from] = given as [unknown, From | undefined];
        this.#now.from = from;
        return handlers.call?.(state, name, argument, this.#ctx);
      }
      case "cast":
        return handlers.cast?.(state, name, given, this.#ctx);
      case "continue":
        return handlers.continue?.(state, given, this.#ctx);
      case "terminate":
        return handlers.terminate?.(state, given as ExitReason, this.#ctx);
      case "paused":
        return handlers.paused?.(state, this.#ctx);
      case "resumed":
        return handlers.resumed?.(state, this.#ctx);
      case "getState":
        return given === hidesSecrets && this.#configuration?.secrets !== undefined
          ? this.#configuration.secrets.hiddenIn(state)
          : state;
      case "replaceState":
        this.#now.state = given;
        return undefined;
      case "deed":
        return doDeed(name as DeedKind, given as DeedTerms); // main has checked the plan
      default:
        throw new RuntimeError("bad_argument", `there is no turn ${describe(kind satisfies never)}`);
    }
  }
}
