/** The far thread of `message-port.ts`: sends back what asks for it, counts the rest. */
import { type MessagePort, workerData } from "node:worker_threads";
import { gauge } from "../gauge.ts";
import { type Document, weigh } from "./document.ts";

export type ToEcho =
  | { readonly type: "ping"; readonly pair: number; readonly number: number }
  | { readonly type: "add"; readonly by: number }
  | { readonly type: "get" }
  | Document;

/** A single message, or several in one post. */
export type EchoPost = ToEcho | readonly ToEcho[];

export type FromEcho =
  | { readonly type: "pong"; readonly pair: number; readonly number: number }
  | { readonly type: "total"; readonly total: number };

gauge();
const { port } = workerData as { port: MessagePort }; // written by message-port.ts alone
/** Of the messages since the last "get". */
let total = 0;

port.on("message", (post: EchoPost) => {
  if (isBatch(post)) for (const message of post) receive(message);
  else receive(post);
});

function isBatch(post: EchoPost): post is readonly ToEcho[] {
  return Array.isArray(post);
}

function receive(message: ToEcho): void {
  switch (message.type) {
    case "ping":
      port.postMessage({ type: "pong", pair: message.pair, number: message.number } satisfies FromEcho);
      return;
    case "add":
      total += message.by;
      return;
    case "document":
      total += weigh(message);
      return;
    case "get":
      port.postMessage({ type: "total", total } satisfies FromEcho);
      total = 0;
      return;
  }
}
