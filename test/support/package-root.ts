/**
 * Where the package stands on disk. Tests run as built, from dist/, and some of them read the sources and the pages.
 */
import { fileURLToPath } from "node:url";

/** Absolute, ending in a separator. This file runs as dist/test/support/package-root.js. */
export const packageRoot = fileURLToPath(new URL("../../../", import.meta.url));
