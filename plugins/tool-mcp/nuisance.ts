/** What a server does that it should not, told in the log now and then: the first of a kind, the tenth, the hundredth. */
import type { PluginBus } from "../../core/index.ts";
import type { Secrets } from "./secrets.ts";

export class Nuisance {
  readonly #bus: PluginBus;
  readonly #counts = new Map<string, number>();
  readonly secrets: Secrets;

  constructor(bus: PluginBus, secrets: Secrets) {
    this.#bus = bus;
    this.secrets = secrets;
  }

  /** @param what the kind, of which there are few. @param shown what it was, for people. */
  tell(what: string, shown: string): void {
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    if (!Number.isInteger(Math.log10(count))) return;
    const times = count === 1 ? "" : ` (${count} times by now)`;
    this.#bus.log("warning", `${what}${times}`, { shown: this.secrets.beginning(shown) });
  }

  count(what: string): number {
    return this.#counts.get(what) ?? 0;
  }
}
