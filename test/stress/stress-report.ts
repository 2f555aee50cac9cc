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

/** Prints the results; lists of times become p50, p99 and max. */
export function report(results: Readonly<Record<string, number | string | readonly number[]>>): void {
  const line = Object.fromEntries(
    Object.entries(results).map(([key, value]) => [key, typeof value === "object" ? spread(value) : round(value)]),
  );
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function spread(values: readonly number[]): Record<string, unknown> {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN);
  return { p50: at(0.5), p99: at(0.99), max: round(sorted.at(-1) ?? Number.NaN) };
}

function round(value: number | string): number | string {
  return typeof value === "number" ? Math.round(value * 100) / 100 : value;
}

export function rssMb(): number {
  return process.memoryUsage.rss() / 1_048_576;
}
