/** The smallest server: it waits, and answers. */
import { defineServer } from "../../../index.ts";

export const idle = defineServer({
  init: (n: number) => n,
  calls: { get: (n) => n },
});
