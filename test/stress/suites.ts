/**
 * The longer suites, in the order in which `npm run test:stress` runs them.
 *
 * Each is a program of its own, since most of them measure the memory of a process or end threads of it. It says what
 * it does on stdout and ends with exit code 0 if its claim held.
 */
export interface StressSuite {
  /** The file below this folder, without its extension. */
  readonly name: string;
  /** What holds if it passes, as a sentence. */
  readonly claim: string;
  /** It is ended, and has failed, after this long. */
  readonly limitMs: number;
}

export const suites: readonly StressSuite[] = [
  {
    name: "kill/run",
    claim: "a runaway actor is ended among busy neighbours, 3,000 times over, without harm to them",
    limitMs: 2 * 60_000,
  },
  {
    name: "cuts",
    claim:
      "10,000 looping actors are ended among 1,000 busy neighbours: nobody else ends, no message of theirs is lost, nobody hangs",
    limitMs: 5.5 * 60_000,
  },
  {
    name: "demo-without-inspector",
    claim: "the demo with 10,000 agents loses no task where the inspector is refused and a loop costs its whole thread",
    limitMs: 1.5 * 60_000,
  },
  {
    name: "cuts-in-verbs",
    claim:
      "a cut anywhere in a loop of any verb leaves the kernel whole, also beside traffic, supervisors and requests",
    limitMs: 2.5 * 60_000,
  },
  {
    name: "native-turns",
    claim: "whatever native code holds a thread, its actor ends with the blame and the place is taken again",
    limitMs: 60_000,
  },
  {
    name: "busy-machine",
    claim: "where many times as much is to be done as there are processors no turn is cut down that has hardly run",
    limitMs: 60_000,
  },
  {
    name: "simulation",
    claim: "10,000 seeded programs on simulated threads hold every clause of the semantics",
    limitMs: 2 * 60_000,
  },
  {
    name: "starts-and-ends",
    claim:
      "systems start and stop by the hundred while threads are cut, killed and lost, and the process does not abort",
    limitMs: 60_000,
  },
  {
    name: "thread-losses",
    claim: "200 scheduler threads are lost one after the other, and every supervised child is back each time",
    limitMs: 60_000,
  },
  {
    name: "million-idle",
    claim: "a million idle actors live at once, and each answers one message",
    limitMs: 60_000,
  },
  {
    name: "many-children",
    claim: "100,000 children live under one supervisor, come back after the loss of a thread, and end in order",
    limitMs: 60_000,
  },
  {
    name: "cross-traffic",
    claim: "a million messages each way between two threads arrive in order, special values among them",
    limitMs: 60_000,
  },
  {
    name: "services",
    claim:
      "while the runtime's own actors are killed for a minute no task and no acknowledged message is lost or done twice, no plain message is lost, and names and groups are right on every thread",
    limitMs: 1.5 * 60_000,
  },
  {
    name: "name-takeover",
    claim: "a watcher on another thread takes a dead actor's name in its down handler, 10,000 times without a refusal",
    limitMs: 60_000,
  },
  {
    name: "soak",
    claim: "ten minutes of crashes, restarts, names, timers and lost threads leave memory flat",
    limitMs: 11 * 60_000,
  },
  {
    name: "storage-kills",
    claim:
      "of each durable store 200 processes that write to it are killed, also between write and answer: nothing answered is lost, nothing is there by half, of those who write by a version one has it, and what expires does so in time",
    limitMs: 12 * 60_000,
  },
  {
    name: "storage-connections",
    claim:
      "200 connections to each database server are ended in the midst of writes: nothing answered is lost, nothing refused is kept, nothing is there by half",
    limitMs: 2 * 60_000,
  },
  {
    name: "durable-kills",
    claim:
      "processes with a durable topic and durable tasks under load are killed, also between write and answer, 200 over the store that programs have by default and 12 over each other: every message that was answered is handled, and every accepted task done, counted by id",
    limitMs: 5 * 60_000,
  },
  {
    name: "agent-kills",
    claim:
      "processes with an agent are killed at each passage of each fail point in a conversation, those that go on as well, and 100 at random: no tool's call has two effects, every effect and every answer that a caller had is in the session, no turn is lost; and builds that keep too little are found out",
    limitMs: 5 * 60_000,
  },
];
