/** The face of the room. */
export type { AgentAnswer, AgentDecision, AgentDelta, AgentInput, SessionState } from "./agent/agent-answer.ts";
export type {
  AgentBudget,
  AgentDefinition,
  AgentLimits,
  AgentMemory,
  AgentModel,
  HandOff,
} from "./agent/agent-definition.ts";
export { type AgentApi, type AgentCalls, agentTag, defineAgent } from "./agent/define-agent.ts";
export type { AgentStart } from "./agent/running-agent.ts";
export type { AgentApproval, Session, SessionEvent, TurnCall, Usage } from "./agent/session.ts";
export type { SessionEntry } from "./agent/session-log.ts";
export { type Sessions, type StoredSession, sessionsOf, storeOf } from "./agent/sessions.ts";
export {
  type DurableStateCalls,
  type DurableStateDefinition,
  defineDurableState,
  type PersistState,
} from "./durable-state.ts";
export {
  defineEventSourced,
  type EventSourcedCalls,
  type EventSourcedDefinition,
  type Persist,
} from "./event-sourced.ts";
export type { PersistentHandlers } from "./kept.ts";
