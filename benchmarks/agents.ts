/** What does an agent cost: a turn beside the model alone, one that does nothing, and many with sessions in a store? */
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { agentTurns, idleAgents, storedAgents } from "./peers/agents.ts";
import { sumBelow } from "./peers/scenario.ts";

const questions: readonly Question[] = [
  {
    name: "agent-turn",
    question:
      "an agent with a session in memory is asked, ten times each, by an actor in the thread of its model, which answers at once",
    unit: "us",
    placement: "same thread",
    goals: [{ text: "a turn within 200 us, its model's answer with it", wanted: 200 }],
    operation: "turn",
    size: 2_000,
    expected: sumBelow,
    contenders: () => [agentTurns("mofa agent", "agent"), agentTurns("the model alone", "model")],
  },
  {
    name: "agent-idle",
    question: "agents with an empty session: what does each hold?",
    unit: "bytes",
    placement: "same thread",
    goals: [{ text: "4 KB an idle agent", wanted: 4_096 }],
    operation: "agent",
    size: 10_000,
    expected: (agents) => agents,
    contenders: () => [idleAgents("mofa agent")],
  },
  {
    name: "agent-sessions",
    question: "1,000 agents with sessions in SQLite are asked at once, ten times each: from the question to its answer",
    unit: "us",
    placement: "two threads, a dedicated one",
    operation: "turn",
    size: 10_000,
    expected: (turns) => turns,
    contenders: () => [storedAgents("mofa agent", true)],
  },
  {
    name: "agent-throughput",
    question: "the same: turns of all of them",
    unit: "ns",
    placement: "two threads, a dedicated one",
    operation: "turn",
    size: 10_000,
    expected: (turns) => turns,
    contenders: () => [storedAgents("mofa agent", false)],
  },
];

await runFile(import.meta.url, questions);
