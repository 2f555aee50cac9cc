/** Which packages a plugin needs are installed: files, and no actors, so in no placement. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "@jest/globals";
import { assertPackages } from "../../../core/index.ts";
import { packageStates } from "../../../core/plugin/plugin-packages.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-packages-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of an own tree: `outer` beside `inner/plugin.js`, and `inner` in the folder of that. */
function install(below: string, name: string, version: string): void {
  const place = join(folder, below, "node_modules", name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "package.json"), JSON.stringify({ name, version }));
}
install("", "outer", "1.4.0");
install("", "twice", "1.0.0");
install("inner", "twice", "2.0.0");
install("inner", "@scope/early", "0.3.1-beta.2");
install("inner", "broken", "1.0.0");
writeFileSync(join(folder, "inner", "node_modules", "broken", "package.json"), '{ "version": "1.0');
install("inner", "empty", "1.0.0");
writeFileSync(join(folder, "inner", "node_modules", "empty", "package.json"), "null");
const from = pathToFileURL(join(folder, "inner", "plugin.js")).href;

test.each([
  ["outer", "1.2.0", "1.4.0", undefined],
  ["outer", "1.5.0", "1.4.0", "npm install outer@1"],
  ["twice", "2.0.0", "2.0.0", undefined],
  ["twice", "1.0.0", "2.0.0", "npm install twice@1"],
  ["@scope/early", "0.3.0", "0.3.1", undefined],
  ["@scope/early", "0.4.0", "0.3.1", "npm install @scope/early@0.4"],
  ["broken", "1.0.0", undefined, "npm install broken@1"],
  ["empty", "1.0.0", undefined, "npm install empty@1"],
  ["nowhere-to-be-found", "1.0.0", undefined, "npm install nowhere-to-be-found@1"],
])("of %s from %s on there is %s: %s", (name, version, installed, install) => {
  expect(packageStates([{ name, version }], from)).toEqual([{ name, version, installed, install }]);
});

test("all that is missing is named at once, but what only some configurations need", () => {
  const stated = (name: string, version: string, purpose?: string) =>
    packageStates([{ name, version, ...(purpose !== undefined && { for: purpose }) }], from);
  const plugins = [
    { name: "one", packages: [...stated("outer", "1.5.0"), ...stated("gone", "1.0.0", "large files")] },
    { name: "two", packages: [...stated("absent", "3.1.0"), ...stated("outer", "1.0.0")] },
  ];
  expect(() => assertPackages(plugins)).toThrow(
    expect.objectContaining({
      code: "package_missing",
      message:
        "plugin one needs the package outer from 1.5.0 on, and 1.4.0 is installed: npm install outer@1\n" +
        "plugin two needs the package absent from 3.1.0 on, which is not installed: npm install absent@3",
    }),
  );
});
