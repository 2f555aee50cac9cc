/** `mofa bench`, with small questions. */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { packageRoot } from "../support/package-root.ts";
import { type ProgramOptions, runProgram } from "../support/run-program.ts";

/** Without Erlang, whose modules take a while to compile. */
const env = { ...process.env, PATH: packageRoot };

const bench = (args: readonly string[], options: ProgramOptions = {}) =>
  runProgram(process.execPath, [join(packageRoot, "cli", "mofa.cjs"), "bench", ...args], { env, ...options });

test("--json has all results in one line, alone", async () => {
  const { code, stdout } = await bench(["lookups", "in-thread", "--quick", "--json", "--filter", "i", "--seed", "7"]);
  expect(code).toBe(0);
  expect(stdout.trimEnd()).not.toContain("\n");
  const { node, machine, quick, flags, seed, results } = JSON.parse(stdout);
  expect({ node, machine, quick, flags, seed }).toMatchObject({
    node: process.version,
    machine: { cores: expect.any(Number), cpu: expect.any(String) },
    quick: true,
    seed: 7,
    flags: expect.arrayContaining(["checks=false"]),
  });
  const names = (results as { benchmark: string }[]).map(({ benchmark }) => benchmark);
  expect(names).toEqual(expect.arrayContaining(["pingpong", "whereis"]));
  for (const one of results)
    expect(one).toMatchObject({
      placement: expect.stringMatching(/thread/),
      unit: expect.stringMatching(/^ns\//),
      verified: true,
      ours: { median: expect.any(Number), p99: expect.any(Number) },
      goals: [],
    });
});

test.each([
  [["sorting"], /'sorting' is invalid for argument 'file'\. Allowed choices are in-thread, /],
  [["lookups", "--filter", "sorting"], /^mofa bench: no question of lookups has "sorting" in its name: whereis, /],
  [["--seed", "-1"], /argument '-1' is invalid\. A whole number from 0 to 4294967295 is wanted/],
  [["--fast"], /unknown option '--fast'/],
])("%j is wrong usage, and says what there is", async (args, said) => {
  expect(await bench(args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(said) });
});

// Whoever holds on to its standard error would keep the program from being over.
const isAtWork = (stderr: string) => stderr.includes("pingpong: mofa\n");

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends it in order, and nothing that it has started is left", async (signal, code) => {
  let isTold = false;
  const ended = await bench(["in-thread", "--filter", "pingpong", "--json"], {
    onStderr: (text, kill) => {
      if (isTold || !isAtWork(text)) return;
      isTold = true;
      kill(signal);
    },
  });
  expect(ended).toMatchObject({ code, signal: null, stdout: "" });
  expect(ended.stderr).toMatch(/\nstopped\n$/);
});

test("what it has started does not outlive it", async () => {
  const ended = await bench(["in-thread", "--filter", "pingpong"], {
    onStderr: (text, kill) => isAtWork(text) && kill("SIGKILL"),
  });
  expect(ended.signal).toBe("SIGKILL");
  // The word of the file that was at work.
  expect(ended.stderr).toMatch(/\nstopped\n$/);
});
