/** Holds its thread in code that is not JavaScript, for some seconds at least. */
import { execFileSync } from "node:child_process";
import { pbkdf2Sync } from "node:crypto";
import { defineServer } from "../../../index.ts";

const large = (length: number) => Array.from({ length }, (_, n) => ({ n: (n * 7_919) % length, text: `text ${n}` }));

/** Each does one thing that looks for no interrupt, or seldom. What is too fast for one go is done again, as often as told. */
export const holds = {
  pbkdf2: () => pbkdf2Sync("a", "b", 3_000_000, 64, "sha512"),
  bigint: () => 3n ** 40_000_000n,
  "bigint as text": () => (7n ** 4_000_000n).toString(),
  sort: () => Float64Array.from({ length: 10_000_000 }, (_, n) => (n * 7_919) % 10_000_001).sort(),
  stringify: () => JSON.stringify(large(3_000_000)),
  clone: () => structuredClone(large(1_500_000)),
  "Atomics.wait": () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4_000),
  execSync: () => execFileSync(process.execPath, ["-e", "setTimeout(() => {}, 4000)"]),
} satisfies Readonly<Record<string, () => unknown>>;
export type Hold = keyof typeof holds;

export const nativeHolder = defineServer({
  calls: {
    ping: () => "pong",
    hold: (_s, hold: Hold) => void holds[hold](),
  },
});
