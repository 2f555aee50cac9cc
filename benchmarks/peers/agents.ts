/** Agents in a system of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSystem } from "../../index.ts";
import { storageSqlite } from "../../plugins/storage-sqlite/index.ts";
import { type AgentPlay, asker, crowd, quickAnswers, quickModel, turnsOfSession } from "../agent-turns.ts";
import type { Contender } from "../harness.ts";
import type { Repetition } from "./scenario.ts";
import { systemContender } from "./system-contender.ts";

const forEver = { timeoutMs: Number.POSITIVE_INFINITY };
const model = { plugin: quickModel, config: quickAnswers };

async function started(threads: number) {
  const system = await startSystem({ threads, spare: false, checks: false, turnLimitMs: 60_000 });
  await system.startPlugins([model]);
  const thread = system.whereis("plugin.llm-quick")?.thread ?? 1;
  return { system, asker: await system.spawn(asker, undefined, { placement: { thread } }) };
}

/** One agent is asked, in the thread of its model. */
export function agentTurns(name: string, way: AgentPlay["way"]): Contender {
  return systemContender(
    name,
    () => started(1),
    (running, size) => running.asker.call("play", { way, size }, forEver) as Promise<Repetition>,
  );
}

export function idleAgents(name: string): Contender {
  return systemContender(
    name,
    () => started(1),
    (running, size) => running.asker.call("idle", size, forEver) as Promise<Repetition>,
  );
}

/**
 * Agents with sessions in SQLite, each of which has ten turns.
 * @param isEachTimed whether it tells how long each turn took, or all of them
 */
export function storedAgents(name: string, isEachTimed: boolean): Contender {
  const folder = mkdtempSync(join(tmpdir(), "mofa-bench-"));
  const contender = systemContender(
    name,
    async () => {
      const system = await startSystem({ threads: 2, spare: false, checks: false, turnLimitMs: 60_000 });
      await system.startPlugins([{ plugin: storageSqlite, config: { file: join(folder, "sessions.sqlite") } }, model]);
      return { system, crowd: await system.spawn(crowd, undefined) };
    },
    async (running, size) => {
      const play = { agents: Math.ceil(size / turnsOfSession), turns: turnsOfSession };
      const { latenciesUs, ...whole } = await running.crowd.call("play", play, forEver);
      return { ...whole, ...(isEachTimed && latenciesUs !== undefined && { latenciesUs }) };
    },
  );
  return {
    ...contender,
    async close() {
      await contender.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
