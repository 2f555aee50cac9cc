import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { chance, defaultSeed, setRunSeed } from "../../benchmarks/chance.ts";
import { packageRoot } from "../support/package-root.ts";
import { runProgram } from "../support/run-program.ts";
import { readSources } from "../support/sources.ts";

afterEach(() => setRunSeed(defaultSeed));

const draws = (seed: number, number: number): readonly number[] => {
  setRunSeed(seed);
  const random = chance(number);
  return Array.from({ length: 3 }, () => random.next());
};

test("a seed draws the same each time, and another seed or another who draws something else", () => {
  expect(draws(7, 1)).toEqual(draws(7, 1));
  const others = [draws(7, 1), draws(7, 2), draws(8, 1), draws(8, 2), draws(0, 1), draws(0xffff_ffff, 1)];
  expect(new Set(others.map((drawn) => drawn.join())).size).toBe(others.length);
});

test("a thread and a process that are started afterwards have the run's seed", async () => {
  const module = JSON.stringify(pathToFileURL(join(packageRoot, "dist/benchmarks/chance.js")).href);
  const tell = `import(${module}).then(({ runSeed }) => console.log(runSeed()))`;
  const program = `
    import { setRunSeed } from ${module};
    import { spawn } from "node:child_process";
    import { once } from "node:events";
    import { Worker } from "node:worker_threads";
    setRunSeed(7);
    await once(new Worker(${JSON.stringify(tell)}, { eval: true }), "exit");
    spawn(process.execPath, ["--eval", ${JSON.stringify(tell)}], { stdio: "inherit" });
  `;
  const { stdout } = await runProgram(process.execPath, ["--input-type=module", "--eval", program]);
  expect(stdout).toBe("7\n7\n");
});

test("no benchmark draws from anything else", () => {
  const drawing = [...readSources()].filter(
    ([file, source]) => file.startsWith("benchmarks/") && /new SeededRandom\(|\bMath\.random\(/.test(source),
  );
  expect(drawing.map(([file]) => file)).toEqual(["benchmarks/chance.ts"]);
});
