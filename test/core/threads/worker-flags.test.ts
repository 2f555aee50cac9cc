/** Real programs: flags belong to a process. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { flagsForWorkers } from "../../../core/thread/worker-flags.ts";
import { packageRoot } from "../../support/package-root.ts";

const fixtures = join(packageRoot, "dist/test/fixtures");

test("a program started with --import, conditions and V8 flags has worker threads that loaded the same", async () => {
  const preload = pathToFileURL(join(fixtures, "preload.js")).href;
  const flags = ["--import", preload, "--conditions", "dev", "--stack-size=900", "--max-semi-space-size=16"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, join(fixtures, "programs/with-flags.js")]);
  expect(stdout).toBe("preloaded");
});

test("a worker gets flags with their values, and neither the program's code nor its debugger", () => {
  expect(
    flagsForWorkers(["-r", "./a.cjs", "--inspect=0", "--import", "tsx", "--input-type=module", "-e", "code()"]),
  ).toEqual(["-r", "./a.cjs", "--import", "tsx"]);
});
