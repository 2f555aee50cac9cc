/** What the longer suites print: progress on stderr, one line of results on stdout, and a failure that ends the program. */

let saidAtMs = 0;

/** At most twice a second. */
export function progress(text: string): void {
  const nowMs = performance.now();
  if (nowMs - saidAtMs < 500) return;
  saidAtMs = nowMs;
  process.stderr.write(`${text}\n`);
}

/** @throws Error with the text unless the condition holds; nothing catches it, so the program fails. */
export function check(condition: boolean, text: string): asserts condition {
  if (!condition) throw new Error(`broken: ${text}`);
}

type Results = { readonly [key: string]: number | string | readonly number[] | Results };

/** Prints the results; lists of times become p50, p99, max and how many there are. */
export function report(results: Results): void {
  process.stdout.write(`${JSON.stringify(shown(results))}\n`);
}

function shown(results: Results): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(results).map(([key, value]) => {
      if (typeof value !== "object") return [key, round(value)];
      return [key, isList(value) ? spread(value) : shown(value)];
    }),
  );
}

function isList(value: readonly number[] | Results): value is readonly number[] {
  return Array.isArray(value);
}

function spread(values: readonly number[]): Record<string, unknown> {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN);
  return { p50: at(0.5), p99: at(0.99), max: round(sorted.at(-1) ?? Number.NaN), n: values.length };
}

function round(value: number | string): number | string {
  return typeof value === "number" ? Math.round(value * 100) / 100 : value;
}

export function rssMb(): number {
  return process.memoryUsage.rss() / 1_048_576;
}
