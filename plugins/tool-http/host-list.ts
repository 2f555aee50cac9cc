/** Which hosts a tool may ask: by name, `*.example.com` for all below one, `*` for all. */

/** Of a name as URLs have it: lower case, no dot at its end, no brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** The pattern as names are compared with it; undefined: it is none. */
export function hostPattern(pattern: unknown): string | undefined {
  if (typeof pattern !== "string") return undefined;
  if (pattern === "*") return pattern;
  const isBelow = pattern.startsWith("*.");
  const name = isBelow ? pattern.slice(2) : pattern;
  if (/[/?#@\\*\s%]/.test(name) || name === "") return undefined;
  const url = `https://${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}`;
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  if (parsed.port !== "" || name.endsWith(":443")) return undefined;
  const host = hostOf(parsed).replace(/\.$/, "");
  return isBelow ? `*.${host}` : host;
}

export class HostList {
  readonly #names = new Set<string>();
  readonly #ends: string[] = [];
  #isAll = false;

  /** @param patterns as `hostPattern` takes them; others are of no host */
  constructor(patterns: readonly string[]) {
    for (const given of patterns) {
      const pattern = hostPattern(given);
      if (pattern === "*") this.#isAll = true;
      else if (pattern?.startsWith("*.") === true) this.#ends.push(pattern.slice(1));
      else if (pattern !== undefined) this.#names.add(pattern);
    }
  }

  has(host: string): boolean {
    return this.#isAll || this.#names.has(host) || this.#ends.some((end) => host.endsWith(end));
  }
}
