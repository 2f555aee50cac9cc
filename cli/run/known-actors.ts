/** Who has been there while a program ran, by name and by a supervisor's id: for the hint that a selector of a plan meant nobody. */
import type { MofaSystem } from "../../index.ts";
import { reportIn } from "../../supervisors/index.ts";

/** Names, and ids, that are remembered. */
const knownMax = 10_000;

export class KnownActors implements Disposable {
  readonly #system: Pick<MofaSystem, "names">;
  readonly #names = new Set<string>();
  readonly #children = new Set<string>();
  readonly #stops: readonly (() => void)[];

  constructor(system: Pick<MofaSystem, "names" | "events">) {
    this.#system = system;
    this.#stops = [
      system.events.on("spawned", ({ name }) => note(this.#names, name)),
      system.events.on("log", (event) => {
        const report = reportIn(event);
        if (report !== undefined && "started" in report) note(this.#children, String(report.started.id));
      }),
    ];
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  get children(): ReadonlySet<string> {
    return this.#children;
  }

  /** Notes who has a name now: those too that took it after their start. */
  look(): void {
    for (const [name] of this.#system.names()) note(this.#names, name);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }
}

function note(known: Set<string>, name: string | undefined): void {
  if (name !== undefined && known.size < knownMax) known.add(name);
}
