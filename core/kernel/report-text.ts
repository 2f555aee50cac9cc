/** Values as short texts for reports to people: messages, states, data of a log. None of these throws. */
import { inspect } from "node:util";
import type { Handlers } from "../actor/behaviour.ts";
import { type Mail, Meta, MetaKind } from "../actor/mailbox.ts";
import { isRef } from "../actor/ref.ts";
import { describe, RuntimeError } from "../errors.ts";
import type { Secrets } from "../registry/secrets.ts";
import { checkMessage } from "../thread/message-check.ts";

/** The same without any code of the value's own: for what may be the very thing that did not end. */
export function plainText(value: unknown): string {
  try {
    return inspect(value, { depth: 2, customInspect: false, maxStringLength: 200, maxArrayLength: 10 }).slice(0, 500);
  } catch {
    return "not shown: its own code threw";
  }
}

/** A message as short text for reports. Never throws. */
export function messageText(message: unknown): string {
  try {
    return inspect(message, {
      depth: 2,
      breakLength: Number.POSITIVE_INFINITY,
      maxStringLength: 200,
      maxArrayLength: 10,
    }).slice(0, 500);
  } catch (error) {
    return `a message that cannot be shown (${error instanceof RuntimeError ? error.code : "its own code threw"})`;
  }
}

/** A message with the name that it came under: `cast add(3)`, `call read()`; a raw or system message as it is. */
export function mailText({ meta, payload }: Mail, text: (value: unknown) => string = messageText): string {
  const argument = payload === undefined ? "" : text(payload);
  if (typeof meta === "string") return `cast ${meta}(${argument})`;
  // What a state is replaced by, or a configuration, is no message.
  if (meta instanceof Meta && meta.kind === MetaKind.inspect) return meta.name;
  if (meta instanceof Meta && meta.kind === MetaKind.call) return `call ${meta.name}(${argument})`;
  return text(payload);
}

/** Data for a report: as it is where it can cross threads, else as text. */
export function reportable(data: unknown): unknown {
  if (data === undefined) return undefined;
  try {
    checkMessage(data, undefined, isRef);
    return data;
  } catch {
    return messageText(data);
  }
}

/** The state as redacted by the behaviour; a failing `format` must not hide the report (gen_server's format_status). */
export function stateText(state: unknown, format: Handlers["format"], secrets?: Secrets): string {
  try {
    const formatted = format === undefined ? state : format(state);
    // Before long texts are cut, and once more behind that for what no walk over data finds.
    const shown = secrets === undefined ? formatted : secrets.hiddenIn(formatted);
    const text = inspect(shown, { depth: 3, maxStringLength: 500, maxArrayLength: 20 });
    return (secrets?.hidden(text) ?? text).slice(0, 2_000);
  } catch (error) {
    return `state not shown: format threw ${describe(error instanceof Error ? error.message : error)}`;
  }
}
