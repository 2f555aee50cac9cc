/** The structured clone of a MessagePort, whose other end is read at once, without an event. */
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { codecScenarios } from "./codec-scenarios.ts";
import type { Scenarios } from "./scenario.ts";

const { port1, port2 } = new MessageChannel();

export const scenarios: Scenarios = codecScenarios((messages, take) => {
  for (const message of messages) port1.postMessage(message);
  for (let at = 0; at < messages.length; at += 1) {
    take((receiveMessageOnPort(port2) as { message: unknown }).message); // as many as were posted
  }
});
