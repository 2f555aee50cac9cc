/**
 * What every contender is asked to do: a scenario of a given size, timed by the contender itself so that
 * neither the building of actors nor the way back to the harness is in the figure.
 */

/** One timed execution of a scenario. */
export interface Repetition {
  /** What the contender counted or summed, compared with the question's expectation: a wrong result fails the run. */
  readonly result: number;
  /** Time from the first message to the last, in milliseconds. */
  readonly elapsedMs: number;
  /** One entry per operation, in microseconds; given only where a question asks for the spread of single operations. */
  readonly latenciesUs?: Float64Array;
  /** What all of it holds in memory at its end more than before; given only where a question asks for memory. */
  readonly bytes?: number;
}

/** Executes one repetition of `size` operations. */
export type Scenario = (size: number) => Promise<Repetition>;

export type ScenarioName =
  /** Two actors of one thread send one message to and fro; an operation is a round trip. */
  | "pingpong"
  /** The same by actors whose handlers are `async`, one pair and 100 in one thread; and with an `await` in every turn. */
  | "async-pair"
  | "async-pairs"
  | "await-pair"
  | "await-pairs"
  /** A token goes round 100 actors; an operation is a hop. */
  | "threadring"
  /** One actor sends to a counter, all at once; an operation is a message. */
  | "count-flood"
  /** The same with an acknowledgement after every 1,000 messages. */
  | "count-windows"
  /** Actors are created, and each answers one message with its number; an operation is an actor. */
  | "spawn"
  /** A caller awaits the reply to each request before the next; an operation is a call. */
  | "call"
  /** One message to another thread and back, one at a time, each timed. */
  | "round-trip"
  /** 100 pairs play ping-pong between two threads at once; an operation is a round trip. */
  | "pairs"
  /** Small messages to a counter on another thread, acknowledged every 10,000; an operation is a message. */
  | "one-way"
  /** The same with objects of about 1 KB, acknowledged every 1,000. */
  | "objects"
  /** One publish reaches 1, 100 or 10,000 subscribers; an operation is a delivery to one of them. */
  | "publish-1"
  | "publish-100"
  | "publish-10000"
  /** The same by a `send` to each. */
  | "send-1"
  | "send-100"
  | "send-10000"
  /** One actor gives another the numbers below a size, by a stream or by plain messages; an operation is a number. */
  | "stream"
  | "stream-by-send"
  /** The same as `call`, by topic. */
  | "request"
  /** A process that loops is killed beside another, which answers with the operation's number; each timed from the kill. */
  | "kill"
  /** Supervised children crash as soon as they are up, so many times altogether. */
  | "restart-storm"
  /** A supervised child crashes, and its replacement answers with the operation's number; each timed from the crash. */
  | "crash-to-answer"
  /** A supervisor starts children of one template, which do nothing; each is awaited before the next. An operation is a child. */
  | "start-child"
  /** 100 small actors answer with the operation's number beside one that computes; each timed from its question. */
  | "fairness"
  /** As `call`, each timed: alone, beside 100 pairs that play ping-pong, beside a flood from another thread. */
  | "call-alone"
  | "call-beside-pairs"
  | "call-beside-flood"
  /** `one-way` and `objects` by a contender that puts 64 messages into a post by hand. */
  | "one-way-batched"
  | "objects-batched"
  /** A message is written and read back in one thread: three flat fields, the object of `objects`, many short texts. */
  | "codec-small"
  | "codec-object"
  | "codec-order"
  /** One of 100 names is looked up, and an actor's life; the members of a group and the agents with a capability, by how many there are. */
  | "whereis"
  | "is-alive"
  | "members-1"
  | "members-100"
  | "members-10000"
  | "find-1"
  | "find-100";

/** What a peer can do; a question leaves out the contenders that cannot. */
export type Scenarios = Readonly<Partial<Record<ScenarioName, Scenario>>>;

export const ringActors = 100;
export const windowMessages = 1_000;
export const pairsAtOnce = 100;
export const smallActors = 100;
/** How long an actor computes in one turn that leaves its neighbours waiting. */
export const busyMs = 1;
/** One child each. Many, since a supervisor that has restarted often counts through all of these restarts with the next one. */
export const supervisorsInStorm = 100;
export const oneWayWindowMessages = 10_000;
export const objectWindowMessages = 1_000;
/** Deliveries under way in a fan-out, but for one that has more of them. */
export const fanOutWindow = 10_000;
/** Messages in one post, for those contenders that batch by hand. */
export const batchMessages = 64;

/** Names that are looked up. */
export const lookUpNames = Array.from({ length: 100 }, (_, number) => `name ${number}`);

/** The sum of 0 to size - 1: what the answers of numbered actors or requests add up to. */
export function sumBelow(size: number): number {
  return (size * (size - 1)) / 2;
}
