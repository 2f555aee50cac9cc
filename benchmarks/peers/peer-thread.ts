/**
 * The thread that one JavaScript peer runs in for one question: it loads the peer's module and executes a
 * repetition for each request. `thread-contender.ts` is its other side.
 */
import { parentPort, workerData } from "node:worker_threads";
import { gauge } from "../gauge.ts";
import type { PlayName } from "../savina/plays.ts";
import type { Repetition, Scenario, ScenarioName, Scenarios } from "./scenario.ts";

export interface PeerThreadData {
  /** URL of a module that exports `scenarios`. */
  readonly module: string;
  readonly scenario: ScenarioName | PlayName;
}

export type PeerThreadReply =
  | { readonly type: "done"; readonly repetition: Repetition }
  | { readonly type: "failed"; readonly message: string };

const port = parentPort;
if (port === null) throw new Error("peer-thread is the entry of a worker thread");

// Before the module, whose own threads it looks at.
gauge();
const data = workerData as PeerThreadData; // written by thread-contender.ts alone
const { scenarios } = (await import(data.module)) as {
  scenarios: Scenarios & Readonly<Partial<Record<PlayName, Scenario>>>;
};

port.on("message", (size: number) => {
  execute(size).then(
    (repetition) => port.postMessage({ type: "done", repetition } satisfies PeerThreadReply),
    (error: unknown) => port.postMessage({ type: "failed", message: String(error) } satisfies PeerThreadReply),
  );
});

async function execute(size: number): Promise<Repetition> {
  const scenario = scenarios[data.scenario];
  if (scenario === undefined) throw new Error(`${data.module} has no scenario ${data.scenario}`);
  return scenario(size);
}
