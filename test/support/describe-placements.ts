/**
 * The kit's `describePlacements` for the suites of this package. Where each actor has a thread or a process of its own they are
 * a run of their own, since they start some three hundred, each of a quarter of a second: `npm run test:isolated`.
 */
import { afterEach, beforeEach } from "@jest/globals";
import type { Ref } from "../../index.ts";
import { Place, type PlaceName, describePlacements as placed, placeNames } from "../../testing/index.ts";

/** `isolated`: those places alone. Set by `jest.isolated.config.ts`. */
export const placesVariable = "MOFA_TEST_PLACES";

/** The suite that `npm test` runs everywhere. */
const sample = "S1 Turns";

export function describePlacements(title: string, suite: (place: Place) => void): void {
  const endingSuite = (place: Place): void => {
    if (place.isAlone && crowded.includes(title)) endAfterEach(place);
    suite(place);
  };
  placed(title, endingSuite, undefined, placesOf(title, process.env[placesVariable]));
}

/** Suites of which each test starts several actors of its own. */
const crowded = ["S18 Requests", "S18 Streams"];

/** Who was started in a test ends with it: each thread that comes up gets to know all that are there, and each has a heap. */
function endAfterEach(place: Place): void {
  const ends: (() => void)[] = [];
  const spawn = place.spawn.bind(place);
  place.spawn = async (system, ...rest) => {
    const ref = await spawn(system, ...rest);
    ends.push(() => system.exit(ref as Ref, "kill"));
    return ref;
  };
  beforeEach(() => {
    // Before the first test some are started for all of them.
    ends.length = 0;
  });
  afterEach(() => {
    for (const end of ends) end();
  });
}

/** Suites of which each place takes long: `npm test` runs them on main alone. */
const heavy = ["S21 Durable topics", "S21 Durable tasks"];

/** Where a run takes a suite to. Together the two runs leave out no place. */
export function placesOf(title: string, run: string | undefined): readonly PlaceName[] {
  const isLate = (name: PlaceName) => (heavy.includes(title) ? name !== "main" : new Place(name).isAlone);
  if (run === "isolated") return placeNames.filter(isLate);
  return title === sample ? placeNames : placeNames.filter((name) => !isLate(name));
}
