// npx mofa run example.js; and beside it: npx mofa plugins
import { tally } from "./plugin.js";

/** @param {import("mofa").MofaSystem} system */
export async function main(system) {
  await system.startPlugins([{ plugin: tally, config: { limit: 100 } }]);
  for (const of of ["bird", "cat", "bird"]) await system.call("plugin.tally", "add", { of });
  console.log(`birds: ${await system.request("capability.tallies.count", "bird")}`);
  await new Promise(() => {}); // until Ctrl-C
}
