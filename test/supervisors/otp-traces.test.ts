/**
 * Not in every placement: the kernel is real, threads and time are simulated. 400 random scenarios that Erlang/OTP 25's own
 * supervisor ran (otp-traces/record.escript): ours starts, ends and answers in the same order, to the letter.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { packageRoot } from "../support/package-root.ts";
import type { StartScript } from "../support/scripted-child.ts";
import { SimulatedTree } from "../support/simulated-tree.ts";
import { type ScenarioChild, type Step, scenario, scenarioCount } from "./otp-traces/scenarios.ts";

const recorded = readFileSync(join(packageRoot, "test/supervisors/otp-traces/traces.txt"), "utf8")
  .trimEnd()
  .split("\n");

/** How a start goes, in the words of the child. */
const scripts: Record<"fail" | "ignore" | "ok", StartScript> = { fail: { stop: "fail" }, ignore: "ignore", ok: "ok" };

function specOf(t: SimulatedTree, { id, restart, significant }: ScenarioChild) {
  return t.child(id, { restart, significant });
}

/** What an answer is called in the trace. */
function word(outcome: {
  readonly ok: boolean;
  readonly ref?: unknown;
  readonly error?: { readonly code: string };
}): string {
  if (!outcome.ok) return outcome.error?.code ?? "no code";
  return "ref" in outcome && outcome.ref === undefined ? "ignored" : "ok";
}

async function children(t: SimulatedTree): Promise<string> {
  if (!t.isAlive) return "gone";
  const list = await t.ask("whichChildren");
  return `[${list.map(({ id, ref }) => (ref === undefined ? `${id}-` : ref === "restarting" ? `${id}-restarting` : id)).join(" ")}]`;
}

async function act(t: SimulatedTree, step: Exclude<Step, { do: "next" }>): Promise<void> {
  const { trace } = t.world;
  switch (step.do) {
    case "exit": {
      const found = (await t.ask("whichChildren")).find(({ id }) => id === step.id);
      if (typeof found?.ref === "object") t.tell(found.ref, { do: "exit", reason: step.reason });
      return;
    }
    case "start":
      trace.push(word(await t.ask("startChild", specOf(t, step.child))));
      return;
    case "terminate":
      trace.push(word(await t.ask("terminateChild", step.id)));
      return;
    case "restart":
      trace.push(word(await t.ask("restartChild", step.id)));
      return;
    case "delete":
      trace.push(word(await t.ask("deleteChild", step.id)));
  }
}

async function run(number: number): Promise<string> {
  const { strategy, intensity, autoShutdown, children: given, steps } = scenario(number);
  const t = new SimulatedTree({ seed: number });
  const { trace } = t.world;
  await t.start({
    strategy,
    intensity,
    periodMs: 3_600_000,
    autoShutdown,
    children: given.map((child) => specOf(t, child)),
  });
  for (const step of steps) {
    if (step.do === "next") {
      t.world.next(step.id, ...step.what.map((what) => scripts[what]));
      continue;
    }
    if (!t.isAlive) continue;
    await act(t, step);
    await t.settle();
    trace.push(await children(t));
  }
  if (t.isAlive) t.ctx.exit(t.ref, "shutdown");
  await t.settle();
  trace.push(t.ends.at(-1)?.replace("supervisor: ", "supervisor ") ?? "no end");
  return `${number}: ${trace.join(", ")}`;
}

test("as many scenarios were recorded as there are", () => {
  expect(recorded).toHaveLength(scenarioCount);
});

test.each(Array.from({ length: 8 }, (_, part) => [part * 50 + 1, part * 50 + 50]))(
  "scenarios %i to %i",
  async (from, to) => {
    for (let number = from; number <= to; number++) expect(await run(number)).toBe(recorded[number - 1]);
  },
);
