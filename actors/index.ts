/** The face of the room. */
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
