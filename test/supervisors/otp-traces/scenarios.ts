/**
 * Random scenarios for a supervisor, the same for Erlang's and for ours. `node scenarios.js` prints them as Erlang
 * terms for record.escript, which runs them on Erlang and prints what happened; that output is traces.txt.
 */
import { SeededRandom } from "../../../core/index.ts";
import type { AutoShutdown, Restart, Strategy } from "../../../supervisors/index.ts";

export interface ScenarioChild {
  readonly id: string;
  readonly restart: Restart;
  readonly significant: boolean;
}

export type Step =
  /** The next starts of a child go like this; then they succeed. */
  | { readonly do: "next"; readonly id: string; readonly what: readonly ("fail" | "ignore" | "ok")[] }
  | { readonly do: "exit"; readonly id: string; readonly reason: "normal" | "shutdown" | "boom" }
  | { readonly do: "terminate" | "restart" | "delete"; readonly id: string }
  | { readonly do: "start"; readonly child: ScenarioChild };

export interface Scenario {
  readonly number: number;
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly autoShutdown: AutoShutdown;
  readonly children: readonly ScenarioChild[];
  readonly steps: readonly Step[];
}

export const scenarioCount = 400;

const ids = ["a", "b", "c", "d", "e"];

export function scenario(number: number): Scenario {
  const random = new SeededRandom(number);
  const autoShutdown = random.pick(["never", "never", "any_significant", "all_significant"] as const);
  const child = (id: string): ScenarioChild => {
    const restart = random.pick(["permanent", "permanent", "transient", "temporary"] as const);
    const significant = autoShutdown !== "never" && restart !== "permanent" && random.next() < 0.5;
    return { id, restart, significant };
  };
  return {
    number,
    strategy: random.pick(["one_for_one", "one_for_all", "rest_for_one"] as const),
    intensity: random.below(8),
    autoShutdown,
    children: ids.slice(0, random.below(5)).map(child),
    steps: Array.from({ length: 4 + random.below(12) }, () => step(random, child)),
  };
}

function step(random: SeededRandom, child: (id: string) => ScenarioChild): Step {
  const id = random.pick(ids);
  const kind = random.pick([
    "next",
    "exit",
    "exit",
    "exit",
    "exit",
    "terminate",
    "restart",
    "delete",
    "start",
    "start",
  ] as const);
  switch (kind) {
    case "next":
      return {
        do: kind,
        id,
        what: Array.from({ length: 1 + random.below(3) }, () => random.pick(["fail", "fail", "ignore", "ok"] as const)),
      };
    case "exit":
      return { do: kind, id, reason: random.pick(["normal", "shutdown", "boom", "boom"] as const) };
    case "start":
      return { do: kind, child: child(id) };
    default:
      return { do: kind, id };
  }
}

function asTerm({ number, strategy, intensity, autoShutdown, children, steps }: Scenario): string {
  const childTerm = ({ id, restart, significant }: ScenarioChild) => `{${id},${restart},${significant}}`;
  const stepTerm = (s: Step) => {
    switch (s.do) {
      case "next":
        return `{next,${s.id},[${s.what.join(",")}]}`;
      case "exit":
        return `{exit,${s.id},${s.reason}}`;
      case "start":
        return `{start,${childTerm(s.child)}}`;
      default:
        return `{${s.do},${s.id}}`;
    }
  };
  const flags = `{${strategy},${intensity},${autoShutdown}}`;
  return `{${number},${flags},[${children.map(childTerm).join(",")}],[${steps.map(stepTerm).join(",")}]}.`;
}

if (import.meta.main) {
  for (let number = 1; number <= scenarioCount; number++) process.stdout.write(`${asTerm(scenario(number))}\n`);
}
