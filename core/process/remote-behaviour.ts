/** A behaviour whose turns run in the actor's process, as promises on main. */
import { inspect } from "node:util";
import type { Behaviour, Handlers, MailboxPolicy } from "../actor/behaviour.ts";
import { type BehaviourModule, noteModule } from "../actor/behaviour-module.ts";
import type { Context, From } from "../actor/context.ts";
import { type Api, noReply } from "../actor/ref.ts";
import { RuntimeError } from "../errors.ts";
import {
  type AgentConfiguration,
  asConfiguration,
  asOffer,
  type GivenConfiguration,
} from "../registry/agent-configuration.ts";
import type { LoadedBehaviour, TurnKind } from "./protocol.ts";

/** How turns get to the process. */
export interface RemoteTurns {
  /** @throws RuntimeError `message_too_large`; then nothing has begun. */
  run(kind: TurnKind, name: string, value: unknown): Promise<unknown>;
  /** A message is not delivered, since it is too large. */
  deadLetter(error: RuntimeError): void;
  /** What the process last said of the actor's state, for a crash report. */
  stateText(): string;
}

/** The behaviour that a process has loaded from `module`, as main's kernel runs it. */
export function remoteBehaviour(
  loaded: LoadedBehaviour,
  module: BehaviourModule,
  turns: RemoteTurns,
): Behaviour<never, Api> {
  const { exportName, name, mailboxCapacity, mailboxPolicy, turnLimitMs, budget, taskConcurrency } = loaded;
  const { declaration } = loaded;
  const behaviour: Behaviour<never, Api> = Object.freeze({
    kind: "behaviour" as const,
    options: Object.freeze({
      ...(name !== undefined && { name }),
      ...(mailboxCapacity !== undefined && { mailboxCapacity }),
      ...(mailboxPolicy !== undefined && { mailboxPolicy: mailboxPolicy as MailboxPolicy }),
      ...(turnLimitMs !== undefined && { turnLimitMs }),
      ...(budget !== undefined && { budget }),
      ...(taskConcurrency !== undefined && { taskConcurrency }),
      ...(declaration !== undefined && { declaration }),
    }),
    handlers: handlersOf(loaded, turns),
    modules: [],
  });
  noteModule(behaviour, { ...module, exportName });
  return behaviour;
}

function handlersOf({ isServer, isConfigured, handlers: has }: LoadedBehaviour, turns: RemoteTurns): Handlers {
  const call = (_state: unknown, name: string, argument: unknown, ctx: Context): unknown => {
    const from = ctx.from as From; // a call has one
    return unlessTooLarge(turns, "call", name, [argument, from], (error) => {
      ctx.replyError(from, error);
      return noReply;
    });
  };
  const cast = (_state: unknown, name: string, argument: unknown) =>
    unlessTooLarge(turns, "cast", name, argument, (error) => turns.deadLetter(error));
  const plain = (kind: TurnKind) => (_state: unknown, value: unknown) => turns.run(kind, "", value);
  return Object.freeze({
    isServer,
    isAsync: true,
    init: (argument: unknown) => turns.run("init", "", argument),
    receive: (_state: unknown, message: unknown) =>
      unlessTooLarge(turns, "receive", "", message, (error) => turns.deadLetter(error)),
    ...(isConfigured && { configuration: (given: GivenConfiguration) => remoteConfiguration(turns, given) }),
    ...(has.includes("call") && { call }),
    ...(has.includes("cast") && { cast }),
    ...(has.includes("continue") && { continue: plain("continue") }),
    ...(has.includes("terminate") && { terminate: plain("terminate") }),
    ...(has.includes("paused") && { paused: () => turns.run("paused", "", undefined) }),
    ...(has.includes("resumed") && { resumed: () => turns.run("resumed", "", undefined) }),
    format: () => ({ [inspect.custom]: () => turns.stateText() }),
  });
}

/** The process reads it, and offers a new one to the actor. What it says of it is held to its shape. */
function remoteConfiguration(turns: RemoteTurns, given: GivenConfiguration): AgentConfiguration {
  return {
    secrets: undefined,
    read: () =>
      turns.run("configuration", "", given).then((shown) => ({ value: undefined, shown: asConfiguration(shown) })),
    offer: (changes) => turns.run("reconfigure", "", changes).then(asOffer),
  };
}

/** A message of another thread, which could not know the bound, costs nobody but its sender. */
function unlessTooLarge(
  turns: RemoteTurns,
  kind: TurnKind,
  name: string,
  value: unknown,
  refuse: (error: RuntimeError) => unknown,
): unknown {
  try {
    return turns.run(kind, name, value);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === "message_too_large") return refuse(error);
    throw error;
  }
}
