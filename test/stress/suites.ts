/**
 * The longer suites, in the order in which `npm run test:stress` runs them.
 *
 * Each is a program of its own, since most of them measure the memory of a process or end threads of it. It says what
 * it does on stdout and ends with exit code 0 if its claim held.
 */
export interface StressSuite {
  /** The file below this folder, without its extension. */
  readonly name: string;
  /** What holds if it passes, as a sentence. */
  readonly claim: string;
  /** It is ended, and has failed, after this long. */
  readonly limitMs: number;
}

export const suites: readonly StressSuite[] = [
  {
    name: "kill/run",
    claim: "a runaway actor is ended among busy neighbours, 3,000 times over, without harm to them",
    limitMs: 5 * 60_000,
  },
];
