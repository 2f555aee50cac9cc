/** What the event stream has told of a run so far: agents that come and go, and faults. For whoever watches. */
import type { ExitReason, MofaSystem } from "../../index.ts";
import { agentName } from "./conversation.ts";

export interface FaultRecord {
  readonly kind: "thrown" | "poison" | "threadLost" | "looped" | "exited" | "processLost";
  /** On the system's clock. */
  readonly atMs: number;
}

export interface TallyCounts {
  readonly agentsUp: number;
  /** Agents that were started again. */
  readonly restarts: number;
  readonly thrown: number;
  readonly looped: number;
  readonly exited: number;
  readonly threadsLost: number;
  readonly processesLost: number;
}

/** Kept for the report. */
const faultsKept = 10_000;

export class RunTally implements Disposable {
  readonly faults: FaultRecord[] = [];
  readonly #system: MofaSystem;
  readonly #agents: number;
  readonly #stops: readonly (() => void)[];
  /** By thread. */
  readonly #up = new Map<number, number>();
  readonly #counts: Record<FaultRecord["kind"], number> = {
    thrown: 0,
    poison: 0,
    threadLost: 0,
    looped: 0,
    exited: 0,
    processLost: 0,
  };
  #started = 0;

  /** @param agents how many of them there are to be */
  constructor(system: MofaSystem, agents: number) {
    this.#system = system;
    this.#agents = agents;
    const { events } = system;
    this.#stops = [
      events.on("spawned", ({ behaviour, ref }) => {
        if (behaviour !== agentName) return;
        this.#started++;
        this.#addUp(ref.thread, 1);
      }),
      events.on("exited", ({ behaviour, ref }) => {
        if (behaviour === agentName) this.#addUp(ref.thread, -1);
      }),
      events.on("crashed", ({ behaviour, reason, message }) => {
        const kind = behaviour === agentName ? faultKind(reason, message) : undefined;
        if (kind !== undefined) this.#record(kind);
      }),
      events.on("threadLost", ({ thread }) => {
        this.#up.delete(thread);
        this.#record("threadLost");
      }),
      events.on("processLost", () => this.#record("processLost")),
    ];
  }

  get counts(): TallyCounts {
    const { thrown, looped, exited, threadLost, processLost } = this.#counts;
    return {
      agentsUp: [...this.#up.values()].reduce((sum, up) => sum + up, 0),
      restarts: Math.max(0, this.#started - this.#agents),
      thrown,
      looped,
      exited,
      threadsLost: threadLost,
      processesLost: processLost,
    };
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  #addUp(thread: number, count: number): void {
    this.#up.set(thread, (this.#up.get(thread) ?? 0) + count);
  }

  #record(kind: FaultRecord["kind"]): void {
    this.#counts[kind]++;
    if (this.faults.length < faultsKept) this.faults.push({ kind, atMs: this.#system.nowMs() });
  }
}

/** Undefined: a loss that has an event of its own. */
function faultKind(reason: ExitReason, message: string | undefined): FaultRecord["kind"] | undefined {
  if (typeof reason !== "object") return undefined;
  if ("turnLimit" in reason) return "looped";
  if ("exitCalled" in reason) return "exited";
  if (!("error" in reason)) return undefined;
  return message?.startsWith("call read") === true ? "poison" : "thrown";
}
