/** What a server does that it should not, told in the log now and then: the first of a kind, the tenth, the hundredth. */
import type { PluginBus } from "../../core/index.ts";
import type { McpConfig } from "./config.ts";

const shownMax = 200;

export class Nuisance {
  readonly #bus: PluginBus;
  readonly #counts = new Map<string, number>();

  /** Takes secrets out of a text. */
  readonly hide: (text: string) => string;

  constructor(bus: PluginBus, config: McpConfig) {
    this.#bus = bus;
    this.hide = hiding(config);
  }

  /** @param what the kind, of which there are few. @param shown what it was, for people. */
  tell(what: string, shown: string): void {
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    if (!Number.isInteger(Math.log10(count))) return;
    const times = count === 1 ? "" : ` (${count} times by now)`;
    this.#bus.log("warning", `${what}${times}`, { shown: this.hide(beginning(shown)) });
  }

  count(what: string): number {
    return this.#counts.get(what) ?? 0;
  }
}

export function beginning(text: string, max = shownMax): string {
  return text.length > max ? `${text.slice(0, max)} ... (${text.length} characters)` : text;
}

/** Shorter ones would be found in words that have nothing to do with them. */
const secretMin = 4;

/** What a server says of the secrets that it was given stands in no log and in no error. */
export function hiding({ env, headers }: Pick<McpConfig, "env" | "headers">): (text: string) => string {
  const values = [...Object.values(env), ...Object.values(headers).flatMap((value) => [value, ...value.split(" ")])];
  // The longest first: one may stand in another.
  const secrets = values.filter(({ length }) => length >= secretMin).sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text);
}
