/**
 * A supervised pipeline whose last stage crashes at bad input, is restarted, and goes on behind it.
 *
 *     node examples/pipeline/main.ts
 */
import { reasonText, startSystem } from "mofa";
import { parser, source, summer } from "./stages.ts";

const lines = ["17", "4", "twenty-one", "20", "1.5"];

await using system = await startSystem({ threads: 2 });
system.events.on("crashed", ({ name, reason }) => console.log(`${name} crashed, ${reasonText(reason)}`));

// rest_for_one: with a stage, those are restarted that were started after it, since they build on it.
const tree = await system.supervise({
  strategy: "rest_for_one",
  intensity: 3,
  periodMs: 5_000,
  children: [
    { id: "summer", name: "summer", start: [summer] },
    { id: "source", name: "source", start: [source, lines] },
    { id: "parser", name: "parser", start: [parser] },
  ],
});

console.log("total:", await system.call("summer", "total"));
console.log("stages:", (await tree.whichChildren()).map(({ id }) => id).join(", "));
