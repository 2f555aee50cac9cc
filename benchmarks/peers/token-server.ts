/**
 * A program: a provider of models that speaks OpenAI's protocol, and writes tokens in a steady beat until nobody listens. Each is the
 * time of day at which it was written. The model's name is how many come a second. It says its port, and ends with its input.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { wallNowMs } from "../wall.ts";

/** Listeners have their beats apart, not all at once. */
const beatMs = 1;

interface Listening {
  readonly response: ServerResponse;
  readonly everyMs: number;
  nextMs: number;
}

const all = new Set<Listening>();
let asked = 0;

const eventOf = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 0, model: "beat", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  request.on("end", () => {
    const { model } = JSON.parse(text) as { readonly model: string };
    const everyMs = 1_000 / Number(model);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.socket?.setNoDelay(true);
    // 0.618…: however many there are, they are spread over the beat.
    const one = { response, everyMs, nextMs: wallNowMs() + ((asked++ * 0.618_033_988_7) % 1) * everyMs };
    all.add(one);
    response.on("close", () => all.delete(one));
  });
});

setInterval(() => {
  const now = wallNowMs();
  for (const one of all) {
    if (one.nextMs > now) continue;
    // One that was late goes on from now: what counts is when it was written.
    one.nextMs = Math.max(one.nextMs + one.everyMs, now - one.everyMs);
    one.response.write(eventOf({ content: `${wallNowMs().toFixed(3)} ` }, null));
  }
}, beatMs);

server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.on("end", () => process.exit()).resume();
