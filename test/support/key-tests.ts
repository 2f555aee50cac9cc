/**
 * Tests of a plugin's configuration, key by key: what its default does, and what another value does instead, as its users see
 * it. The keys are those of the schema, and one without a test fails.
 */
import { expect, test } from "@jest/globals";
import type { ConfigSchema } from "../../core/index.ts";
import { areServicesRequired } from "./known-services.ts";

/** @param why it cannot be tested here, as `whyMissing` says: then it is left out aloud, or fails. */
type KeyTest = (key: string, claim: string, body: () => Promise<void>, why?: string) => void;

/** @param plugin its folder. Returned is what takes the place of `test`. */
export function keyTests(plugin: string, schema: ConfigSchema<unknown>): KeyTest {
  const tested = new Set<string>();
  // It runs when all have been described.
  test(`every key of ${plugin} has a test`, () => {
    expect([...tested].sort()).toEqual([...schema.keys].sort());
  });
  return (key, claim, body, why) => {
    tested.add(key);
    const title = `${key}: ${claim}`;
    if (why === undefined) return void test(title, body);
    process.stderr.write(`left out: ${title}: ${why}\n`);
    if (areServicesRequired())
      test(title, () => {
        throw new Error(why);
      });
    else test.skip(title, body);
  };
}
