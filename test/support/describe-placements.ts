/**
 * The kit's `describePlacements` for the suites of this package, whose runs in processes are a suite of their own: they start
 * some two hundred, each of a quarter of a second. `npm test` runs on threads and, of one suite, in processes;
 * `npm run test:processes` runs them all in processes.
 */
import { type Place, type PlaceName, describePlacements as placed, placeNames } from "../../testing/index.ts";

/** `process`: that place alone. Set by `jest.processes.config.ts`. */
export const placesVariable = "MOFA_TEST_PLACES";

/** The suite that `npm test` runs in processes too. */
const sample = "S1 Turns";

export function describePlacements(title: string, suite: (place: Place) => void): void {
  placed(title, suite, undefined, placesOf(title, process.env[placesVariable]));
}

/** Where a run takes a suite to. Together the two runs leave out no place. */
export function placesOf(title: string, run: string | undefined): readonly PlaceName[] {
  if (run === "process") return ["process"];
  return title === sample ? placeNames : placeNames.filter((name) => name !== "process");
}
