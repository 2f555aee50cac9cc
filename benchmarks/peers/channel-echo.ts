/** The far thread of `channel.ts`: sends back what asks for it, counts the rest. */
import { workerData } from "node:worker_threads";
import { gauge } from "../gauge.ts";
import { Duplex, type DuplexData } from "./channel-duplex.ts";
import { weigh } from "./document.ts";
import type { FromEcho, ToEcho } from "./message-port-echo.ts";

gauge();
const duplex = new Duplex(workerData as DuplexData); // written by channel.ts alone
/** Replies that found no room; at most one for each message that is under way. */
let due: FromEcho[] = [];
/** Of the messages since the last "get". */
let total = 0;

duplex.start(
  () => {
    const sent = due.findIndex((reply) => !duplex.send(reply));
    due = sent < 0 ? [] : due.slice(sent);
  },
  (message) => receive(message as ToEcho), // channel.ts sends nothing else
);

function receive(message: ToEcho): void {
  switch (message.type) {
    case "ping":
      due.push({ type: "pong", pair: message.pair, number: message.number });
      return;
    case "add":
      total += message.by;
      return;
    case "document":
      total += weigh(message);
      return;
    case "get":
      due.push({ type: "total", total });
      total = 0;
      return;
  }
}
