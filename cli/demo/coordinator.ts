/**
 * Hands out tasks, watches the agents, and knows when all is done. The book is WorkLedger's; this actor writes in it what
 * it is told, and acts on it.
 *
 * It runs on main and is not restarted: its book is nowhere else, so its end is the end of the job.
 */
import { type Context, type DownMessage, defineServer, type From, type Ref, RuntimeError } from "../../index.ts";
import {
  aggregatorName,
  type CrashingMessage,
  coordinatorName,
  type DoneMessage,
  type PoisonMessage,
  type ReadyMessage,
  type TaskMessage,
} from "./conversation.ts";
import { type CorpusFile, type Slice, slicesOf } from "./corpus.ts";
import { type FaultRecord, type Item, type LedgerProgress, WorkLedger } from "./work-ledger.ts";
import { WorkPlan, type WorkPlanOptions } from "./work-plan.ts";

export interface CoordinatorSetup {
  readonly plan: WorkPlanOptions;
  readonly files: readonly CorpusFile[];
  /** How many aggregators there are. */
  readonly aggregators: number;
  /** The files are gone through again for so long. 0: until the plan is done. */
  readonly seconds: number;
}

/** What is left to tell at the end. */
export interface Closing {
  readonly progress: LedgerProgress;
  readonly faults: readonly FaultRecord[];
  /** One for each agent that failed and whose successor finished a task. */
  readonly recoveriesMs: readonly number[];
  readonly givenUp: readonly string[];
}

/** A fault from outside: a thread to end, or an agent whose process is to be killed. */
export type Order = { readonly endThread: number } | { readonly killProcess: Ref };

interface CoordinatorState {
  readonly ledger: WorkLedger;
  /** What only the program can do and has not asked for yet. */
  readonly orders: Order[];
  awaitsOrder: From | undefined;
  awaitsEnd: From | undefined;
}

/** How often overdue acknowledgements are looked for. */
const remindEveryMs = 1_000;

export const coordinator = defineServer({
  name: "coordinator",
  init(setup: CoordinatorSetup, ctx): CoordinatorState {
    const plan = new WorkPlan(setup.plan);
    const slices = slicesOf(setup.files);
    const aggregators = Array.from({ length: setup.aggregators }, (_, number) => aggregatorRef(number, ctx));
    const orders: Order[] = [];
    const ledger = new WorkLedger(plan, Math.max(plan.tasks, slices.length), setup.seconds * 1_000, {
      deliver: (ref, item) => void ref.send(messageFor(item, plan, slices, aggregators)),
      watch: (ref) => ctx.monitor(ref).id,
      unwatch: (monitor) => ctx.demonitor(monitor),
      endThread: (thread) => orders.push({ endThread: thread }),
      killProcess: (ref) => orders.push({ killProcess: ref }),
    });
    ctx.sendEvery(remindEveryMs, "remind");
    return { ledger, orders, awaitsOrder: undefined, awaitsEnd: undefined };
  },
  casts: {
    /** The tree stands: from now on there is work, and there are faults. Before that a lost thread would fail its start. */
    begin: (state, _: undefined, ctx) => state.ledger.begin(ctx.nowMs()),
    ready(state, message: ReadyMessage, ctx) {
      state.ledger.ready(message, ctx.nowMs());
      answer(state, ctx);
    },
    crashing: (state, message: CrashingMessage) => state.ledger.crashing(message),
    done(state, message: DoneMessage, ctx) {
      state.ledger.done(message, ctx.nowMs());
      answer(state, ctx);
    },
  },
  calls: {
    progress: (state): LedgerProgress => state.ledger.progress,
    /** Answers with the next fault from outside, when there is one: only the program can end threads and processes. */
    nextOrder(state, _: undefined, ctx) {
      state.awaitsOrder = ctx.from;
      answer(state, ctx);
      return ctx.noReply;
    },
    /** Answers when all is done. */
    end(state, _: undefined, ctx) {
      state.awaitsEnd = ctx.from;
      answer(state, ctx);
      return ctx.noReply;
    },
  },
  info(state, message: unknown, ctx) {
    if (message === "remind") state.ledger.remind(ctx.nowMs());
    else if (isDown(message)) state.ledger.down(message.monitor, message.reason, ctx.nowMs());
    else ctx.log("warning", "unexpected message", { message });
    answer(state, ctx);
  },
  format: ({ ledger }) => ledger.progress,
});

/** Answers the open calls for which the time has come. */
function answer(state: CoordinatorState, ctx: Context): void {
  const { ledger, orders, awaitsOrder, awaitsEnd } = state;
  const order = awaitsOrder === undefined ? undefined : orders.shift();
  if (awaitsOrder !== undefined && order !== undefined) {
    state.awaitsOrder = undefined;
    ctx.reply(awaitsOrder, order);
  }
  if (awaitsEnd !== undefined && ledger.isFinished) {
    state.awaitsEnd = undefined;
    const { progress, faults, recoveriesMs, givenUp } = ledger;
    ctx.reply(awaitsEnd, { progress, faults, recoveriesMs, givenUp } satisfies Closing);
  }
}

function messageFor(
  item: Item,
  plan: WorkPlan,
  slices: readonly Slice[],
  aggregators: readonly Ref[],
): TaskMessage | PoisonMessage {
  const { task, attempts: attempt } = item;
  if (item.type === "poison") return { type: "poison", task, attempt, text: '{ "count": ' };
  const sliceNumber = task % slices.length;
  const slice = slices[sliceNumber] as Slice;
  const aggregator = aggregators[sliceNumber % aggregators.length] as Ref;
  const message: TaskMessage = { type: "task", task, attempt, sliceNumber, slice, aggregator };
  // Until it has happened: the thread may be lost before the agent gets to it.
  const fault = item.failures > 0 ? undefined : plan.faultOf(task);
  if (fault === undefined || fault === "endThread" || fault === "poison") return message;
  return { ...message, fault: fault === "throw" ? (task % 2 === 0 ? "throwBefore" : "throwAfter") : fault };
}

function aggregatorRef(number: number, ctx: Context): Ref {
  const ref = ctx.whereis(aggregatorName(number));
  if (ref === undefined) throw new RuntimeError("noproc", `${coordinatorName} finds no ${aggregatorName(number)}`);
  return ref;
}

function isDown(message: unknown): message is DownMessage {
  return typeof message === "object" && message !== null && (message as { type?: unknown }).type === "down";
}
