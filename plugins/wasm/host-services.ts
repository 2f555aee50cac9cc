/** What a module has asked of its host, done by the plugin's handle of the bus. A text of the module's is never trusted. */
import { describe, errorData, type PluginBus } from "../../core/index.ts";

/** JSON below `plugin.<name>.`; one that is none, or a topic that is none, is told in the log. */
export function publishText(topic: string, text: string, bus: PluginBus): void {
  try {
    void bus.publish(topic, JSON.parse(text));
  } catch (error) {
    bus.log("warning", `mofa.publish: ${errorData(error).message}`, { topic });
  }
}

/** Asks for `{ capability, call, argument }`, and gives `{ ok }` or `{ error: { code, message } }` as bytes of JSON. Never rejects. */
export async function answerRequest(text: string, bus: PluginBus, bytesMax: number): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(JSON.stringify(await outcome(text, bus)));
  if (bytes.length <= bytesMax) return bytes;
  const message = `the answer has ${bytes.length} bytes, and messageBytesMax is ${bytesMax}`;
  return new TextEncoder().encode(JSON.stringify({ error: { code: "wasm_limit", message } }));
}

async function outcome(text: string, bus: PluginBus): Promise<object> {
  try {
    const asked = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
    const { capability, call, argument } = asked ?? {};
    if (typeof capability !== "string" || typeof call !== "string")
      return {
        error: { code: "bad_argument", message: `mofa.request: { capability, call, argument }, got ${describe(text)}` },
      };
    // What JSON cannot say makes no answer of it, so it is tried here.
    return JSON.parse(JSON.stringify({ ok: (await bus.request(capability, call, argument)) ?? null })) as object;
  } catch (error) {
    const { code = "bad_argument", message } = errorData(error);
    return { error: { code, message } };
  }
}
