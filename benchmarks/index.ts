/** The face of `benchmarks`: what the command `mofa bench` does. */
export { defaultSeed, seedMax } from "./chance.ts";
export { type BenchmarksEnd, type BenchmarksRun, benchmarkFiles, runBenchmarks } from "./run.ts";
