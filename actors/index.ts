/** The face of the room. */
export {
  defineEventSourced,
  type EventSourcedCalls,
  type EventSourcedDefinition,
  type EventSourcedHandlers,
  type Persist,
} from "./event-sourced.ts";
