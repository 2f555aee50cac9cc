/** core/EVENTS.md has every type of event with all its fields, as the types have them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { deadLetterReasons, eventTypes } from "../core/kernel/events.ts";
import type { EventType, RuntimeEvent } from "../index.ts";
import { packageRoot } from "./support/package-root.ts";

type EventOf<T extends EventType> = Extract<RuntimeEvent, { type: T }>;
type FieldOf<T extends EventType> = Exclude<keyof EventOf<T>, "type">;
/** Its fields by name: with `?` where it may be undefined. The compiler refuses one too many, one too few, and the wrong mark. */
type Fields<T extends EventType> = {
  readonly [F in FieldOf<T>]-?: undefined extends EventOf<T>[F] ? (unknown extends EventOf<T>[F] ? "" : "?") : "";
};

const fields: { readonly [T in EventType]: Fields<T> } = {
  spawned: { ref: "", name: "?", behaviour: "", parent: "?" },
  exited: { ref: "", name: "?", behaviour: "", reason: "" },
  crashed: {
    ref: "",
    name: "?",
    behaviour: "",
    reason: "",
    stack: "?",
    state: "",
    message: "?",
    queued: "",
    queuedCount: "",
  },
  restarted: { supervisor: "", name: "?", id: "", former: "?", ref: "", restarts: "" },
  shutdown: { supervisor: "", name: "?", reason: "" },
  systemEnding: { reason: "" },
  deadLetter: { to: "", why: "", message: "" },
  mailboxFull: { ref: "", capacity: "", policy: "" },
  turnWarning: { ref: "", ms: "", limitMs: "" },
  turnLost: { ref: "", culprit: "" },
  turnInterrupted: { ref: "", name: "?", reason: "", stack: "?" },
  threadStarted: { thread: "", position: "" },
  threadLost: { thread: "", position: "", why: "", actors: "", unread: "", unsent: "" },
  threadTainted: { thread: "", position: "" },
  mainBlocked: { ms: "" },
  watchdogLimited: { why: "" },
  processStarted: { ref: "", pid: "" },
  processLost: { ref: "", pid: "", reason: "", signal: "?", exitCode: "?" },
  unattributedError: { thread: "", error: "" },
  eventsDropped: { thread: "", count: "", kinds: "" },
  log: { ref: "", name: "?", level: "", message: "", data: "" },
  trace: { ref: "", name: "?", what: "", kind: "", peer: "?", id: "", cause: "?", message: "" },
  operation: {
    ref: "",
    name: "?",
    operation: "",
    subject: "?",
    beganMs: "",
    tookMs: "",
    trace: "?",
    parent: "?",
    attributes: "",
    failure: "?",
  },
  operationContent: { ref: "", name: "?", trace: "?", input: "", output: "?" },
  faultInjected: { fault: "", kind: "", thread: "", ref: "?", name: "?", from: "?" },
  faultSkipped: { fault: "", kind: "", thread: "", ref: "?", name: "?", why: "" },
};

const page = readFileSync(join(packageRoot, "core/EVENTS.md"), "utf8");
const documented = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, type = "", , cells = ""]) => [
    type.replaceAll("`", ""),
    [...cells.matchAll(/`(\w+\??)`/g)].map(([, one]) => one),
  ]);

test("every type of event is in the table, with its fields and none else", () => {
  const known = Object.entries(fields).map(([type, marks]) => [
    type,
    Object.entries(marks).map(([field, mark]) => field + mark),
  ]);
  expect(documented).toHaveLength(eventTypes.length);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(known));
});

test("every reason of a dead letter is told, and none else", () => {
  const heads = [...page.matchAll(/^- ([^:]+):/gm)].flatMap(([, head = ""]) => [...head.matchAll(/`(\w+)`/g)]);
  expect(heads.map(([, why]) => why)).toEqual([...deadLetterReasons]);
});
