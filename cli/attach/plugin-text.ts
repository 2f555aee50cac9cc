/** What a plugin says of itself, as text in a table. */
import type { PackageState, ProvidedCapability, RequiredCapability } from "../../index.ts";

export function capabilitiesText(capabilities: readonly (ProvidedCapability | RequiredCapability)[]): string {
  return capabilities.map((one) => (one.version === undefined ? one.name : `${one.name} ${one.version}`)).join(", ");
}

/** The commands that install what it lacks. */
export function missingText(packages: readonly PackageState[]): string {
  return packages
    .filter(({ install }) => install !== undefined)
    .map(({ install, for: purpose }) => (purpose === undefined ? install : `${install} (for ${purpose})`))
    .join(", ");
}
