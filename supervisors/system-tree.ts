/**
 * The system's own supervisor: starts each of the kernel's services when it is first needed, and starts it again when it ends.
 *
 * OTP's `kernel_sup`: one_for_one, and what it gives up the system gives up. Nothing is lost with a service, whose tables
 * are the kernel's, so it may end often; one that crashes over and over is a bug of the runtime.
 */
import {
  type Context,
  type ExitReason,
  errorData,
  type Ref,
  type RefData,
  type Service,
  type ShutdownEvent,
  sameRef,
} from "../core/index.ts";
import { type SupervisorApi, systemSupervisor } from "./define-supervisor.ts";
import type { SpawnedSupervisor, SupervisionHost } from "./handle.ts";
import type { StartChildOutcome } from "./outcome.ts";

/** How often services may be started again within a period, all together. One more, and the system ends. */
const serviceRestarts = { intensity: 100, periodMs: 5_000 } as const;

/** What a system gives for its services. */
export interface SystemTreeHost extends Pick<SupervisionHost, "spawn"> {
  /** In the program's name. */
  readonly call: Context["call"];
  exit(ref: RefData, reason: ExitReason): void;
  /** Listens to the ends of supervisors; returns the function that ends it. */
  onShutdown(listener: (event: ShutdownEvent) => void): () => void;
  /** The supervisor has ended, and no service runs any more. Where it gave up: `{ shutdown: "reached_max_restart_intensity" }`. */
  ended(reason: ExitReason): void;
}

const forEver = { timeoutMs: Number.POSITIVE_INFINITY };

export class SystemTree {
  readonly #host: SystemTreeHost;
  /** In the order of their starts. */
  readonly #services: Service[] = [];
  #ref: Ref<SupervisorApi> | undefined;
  /** Why there is no supervisor any more. */
  #reason: ExitReason | undefined;

  constructor(host: SystemTreeHost) {
    this.#host = host;
  }

  /** Starts a service behind those that it has started before; they end in reverse order. */
  start(service: Service): void {
    if (this.#reason !== undefined) {
      service.ended(this.#reason);
      return;
    }
    this.#services.push(service);
    const ref = this.#supervisor();
    if (ref === undefined) return;
    const { name, behaviour } = service;
    const child = { id: name, start: [behaviour], name };
    // Until the supervisor has started the request waits in its mailbox.
    this.#host.call(ref, "startChild", child, forEver).then(
      (outcome) => this.#started(name, outcome as StartChildOutcome), // as the call is declared
      () => {}, // It has ended: `#ended` has told the service.
    );
  }

  #supervisor(): Ref<SupervisorApi> | undefined {
    if (this.#ref !== undefined) return this.#ref;
    let spawned: SpawnedSupervisor;
    try {
      const setup = { ...serviceRestarts, childPlacement: "local" } as const;
      spawned = this.#host.spawn(systemSupervisor, setup, { placement: { thread: 0 }, name: "system.supervisor" });
    } catch (error) {
      this.#ended({ error: errorData(error) });
      return undefined;
    }
    const { ref, started, exit } = spawned;
    this.#ref = ref;
    // A supervisor that has given up ends with `shutdown`, like one that was told to (OTP): why, the event says.
    let why: ExitReason | undefined;
    const unlisten = this.#host.onShutdown(({ supervisor, reason }) => {
      if (sameRef(supervisor, ref)) why = reason;
    });
    started.catch(() => {}); // Its exit says the same.
    void exit.then((reason) => {
      unlisten();
      this.#ended(reason === "shutdown" && why !== undefined && why !== reason ? { shutdown: why } : reason);
    });
    return ref;
  }

  #started(name: string, outcome: StartChildOutcome): void {
    if (outcome.ok || this.#ref === undefined || this.#reason !== undefined) return;
    const { error } = outcome;
    const reason = error.code === "start_failed" ? error.reason : error.code;
    this.#host.exit(this.#ref, { shutdown: { failed_to_start_child: [name, reason] } });
  }

  #ended(reason: ExitReason): void {
    this.#reason = reason;
    for (const service of this.#services.toReversed()) service.ended(reason);
    this.#host.ended(reason);
  }
}
