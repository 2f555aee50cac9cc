/** The look-ups on a Map: a name's value, whether a key is there, a copy of a list, and one in an order. */
import { lookUpNames, type Scenario, type Scenarios } from "./scenario.ts";

/** A look-up is right when `look` says so. */
function lookUps(look: (number: number) => boolean): Scenario {
  return (size) => {
    let result = 0;
    const startMs = performance.now();
    for (let number = 0; number < size; number += 1) if (look(number)) result += 1;
    return Promise.resolve({ result, elapsedMs: performance.now() - startMs });
  };
}

const names = new Map(lookUpNames.map((name, number) => [name, { number }]));
const groups = new Map([1, 100, 10_000].map((count) => [count, Array.from({ length: count }, () => ({ count }))]));
const members = (count: number) => lookUps(() => [...(groups.get(count) ?? [])].length === count);
const found = (count: number) =>
  lookUps(() => [...(groups.get(count) ?? [])].sort((one, other) => one.count - other.count).length === count);

export const scenarios: Scenarios = {
  whereis: lookUps((number) => names.get(lookUpNames[number % lookUpNames.length] ?? "") !== undefined),
  "is-alive": lookUps((number) => names.has(lookUpNames[number % lookUpNames.length] ?? "")),
  "members-1": members(1),
  "members-100": members(100),
  "members-10000": members(10_000),
  "find-1": found(1),
  "find-100": found(100),
};
