/**
 * Which faults strike: each of the plan once, and counted when it has. Agents ask before they suffer one.
 *
 * That a fault has struck is known by how its agent ended. One that ended by something else, such as the loss of its
 * thread, has not met it, so whoever gets the task next does. What no agent can do to itself, the program does on order.
 */
import { type Context, type DownMessage, defineServer, type ExitReason, type From, type Ref } from "../../index.ts";
import type { FaultAnswer, FaultQuestion, TaskFault } from "./conversation.ts";

/** A fault from outside: the thread of an agent is to end, or its process to be killed. */
export interface Order {
  readonly fault: "endThread" | "killProcess";
  readonly agent: Ref;
}

/** Faults that have struck, by kind. */
export type Struck = Readonly<Record<"thrown" | "looped" | "exited", number>>;

interface Strike {
  readonly question: FaultQuestion;
  /** Somebody has got the task before the end of its agent was known here. */
  next: FaultQuestion | undefined;
}

interface InjectorState {
  /** Tasks whose fault has struck. */
  readonly done: Set<number>;
  readonly byTask: Map<number, Strike>;
  readonly byMonitor: Map<number, Strike>;
  readonly orders: Order[];
  readonly struck: Record<keyof Struck, number>;
  awaitsOrder: From | undefined;
}

/** Why a thread was ended, as its actors' exit reason has it. */
export const injectedLoss = "injected fault";

export const injector = defineServer({
  name: "injector",
  init: (): InjectorState => ({
    done: new Set(),
    byTask: new Map(),
    byMonitor: new Map(),
    orders: [],
    struck: { thrown: 0, looped: 0, exited: 0 },
    awaitsOrder: undefined,
  }),
  casts: {
    ask: (state, question: FaultQuestion, ctx) => decide(state, question, ctx),
  },
  calls: {
    struck: (state): Struck => ({ ...state.struck }),
    /** Answers with the next fault from outside, when there is one: only the program can end threads and processes. */
    nextOrder(state, _: undefined, ctx) {
      state.awaitsOrder = ctx.from;
      answerOrder(state, ctx);
      return ctx.noReply;
    },
  },
  info(state, message: unknown, ctx) {
    const { monitor, reason } = message as DownMessage; // nobody else sends it anything
    const strike = state.byMonitor.get(monitor);
    if (strike === undefined) return;
    state.byMonitor.delete(monitor);
    const { question, next } = strike;
    const { fault, task } = question;
    state.byTask.delete(task);
    if (isEndBy(fault, reason)) {
      state.done.add(task);
      const count = countOf[fault];
      if (count !== undefined) state.struck[count]++;
    }
    if (next !== undefined) decide(state, next, ctx);
  },
  format: ({ struck }) => struck,
});

function decide(state: InjectorState, question: FaultQuestion, ctx: Context): void {
  const { agent, fault, task } = question;
  const under = state.byTask.get(task);
  if (under !== undefined) {
    under.next = question;
    return;
  }
  if (state.done.has(task)) {
    agent.send({ task, strikes: false } satisfies FaultAnswer);
    return;
  }
  const strike: Strike = { question, next: undefined };
  state.byTask.set(task, strike);
  state.byMonitor.set(ctx.monitor(agent).id, strike);
  if (fault === "endThread" || fault === "killProcess") {
    state.orders.push({ fault, agent });
    answerOrder(state, ctx);
  } else agent.send({ task, strikes: true } satisfies FaultAnswer);
}

function answerOrder(state: InjectorState, ctx: Context): void {
  const order = state.awaitsOrder === undefined ? undefined : state.orders.shift();
  if (state.awaitsOrder === undefined || order === undefined) return;
  ctx.reply(state.awaitsOrder, order);
  state.awaitsOrder = undefined;
}

const countOf: Readonly<Partial<Record<TaskFault, keyof Struck>>> = {
  throwBefore: "thrown",
  throwAfter: "thrown",
  loop: "looped",
  loopAfterAwait: "looped",
  regex: "looped",
  exit: "exited",
};

/** Whether an agent that ended so has met that fault. */
function isEndBy(fault: TaskFault, reason: ExitReason): boolean {
  if (typeof reason !== "object") return false;
  switch (fault) {
    case "throwBefore":
    case "throwAfter":
      return "error" in reason;
    case "loop":
    case "loopAfterAwait":
    case "regex":
      return "turnLimit" in reason;
    case "exit":
      return "exitCalled" in reason;
    case "endThread":
      return "threadLost" in reason && reason.threadLost === injectedLoss;
    case "allocate":
    case "killProcess":
      return "processLost" in reason || "budget" in reason;
  }
}
