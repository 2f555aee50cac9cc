/** Loops at its top level, unless it is imported with a query. */
if (!import.meta.url.includes("?")) {
  const spikeLoop: unknown = Reflect.get(globalThis, "spikeLoop");
  if (typeof spikeLoop === "function") spikeLoop();
}

export const isLoaded = true;
