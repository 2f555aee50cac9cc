/**
 * A module that nobody has to trust: it is asked, it traps, it never ends; and the plugin beside it notices nothing.
 *
 *     node examples/module/main.ts
 */
import { RuntimeError, startSystem } from "mofa";
import { tally, words } from "./words.ts";
import { wordsModule } from "./words-module.ts";

await using system = await startSystem({ threads: 1 });

const config = { kind: "bytes", module: wordsModule, callTimeoutMs: 100 };
await system.startPlugins([{ plugin: words, config }, tally]);

async function count(text: string): Promise<void> {
  try {
    const answer = (await system.call("plugin.words", "handle", new TextEncoder().encode(text))) as Uint8Array;
    const found = new DataView(answer.buffer, answer.byteOffset).getUint32(0, true);
    const total = (await system.call("plugin.tally", "add", found)) as number;
    console.log(`${JSON.stringify(text)}: ${found}, in all ${total}`);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    console.log(`${JSON.stringify(text)}: ${error.code}, ${error.message}`);
  }
}

await count("to be or not to be");
await count("? that is the question"); // a trap: the next call has a new instance of the module
await count("whether 'tis nobler in the mind");

const restarted = new Promise((resolve) => system.events.on("restarted", resolve));
await count("! suffer"); // never ends: its thread is ended, and its supervisor starts the plugin anew
await restarted;
await count("the slings and arrows");
