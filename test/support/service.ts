/** A suite that needs a service or a package is left out aloud where there is none, or fails where it must be there. */
import { describe, test } from "@jest/globals";
import { areServicesRequired, type PackageBeside, type Service, type Tool, whyMissing } from "./known-services.ts";

/** Call it at the top level of a suite, and await it. */
export async function describeWith(wanted: Service | PackageBeside | Tool, suite: () => void): Promise<void> {
  const why = await whyMissing(wanted);
  if (why === undefined) {
    suite();
    return;
  }
  process.stderr.write(`left out: ${why}\n`);
  describe(wanted.name, () => {
    if (areServicesRequired() && !("isNeverRequired" in wanted))
      test("is there", () => {
        throw new Error(why);
      });
    else test.skip(`left out: ${why}`, () => {});
  });
}
