/**
 * The border that the words of an actor's process cross on main. The code in there is not trusted: it finds the sockets among
 * its files and may write to them itself, and what it writes must end nobody but its own actor.
 */
import { assertBounds } from "../actor/behaviour.ts";
import { describe } from "../errors.ts";
import { assertDeclaration } from "../registry/declaration.ts";
import type { FromProcess } from "./protocol.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isOptionalText: Check = (value) => value === undefined || isText(value);
const isBytes: Check = (value) => value instanceof Uint8Array;
/** Deepest chain of causes that is taken: more than any error of the runtime has. */
const causesMax = 32;

/** What must stand in each word. */
const fieldsOf: Readonly<Record<FromProcess["type"], Readonly<Record<string, Check>>>> = {
  ready: {},
  loaded: { behaviour: isLoadedBehaviour },
  failed: { error: isErrorData },
  done: { value: isBytes },
  threw: { error: isErrorData, state: isText },
  ask: { verb: isText, args: isBytes },
  begin: { id: Number.isSafeInteger, verb: isText, args: isBytes },
  tell: { verb: isText, args: isBytes },
  acknowledged: {},
  open: {},
  unhandled: { error: isErrorData },
};

/** @throws Error that says what is wrong with it; RuntimeError `bad_argument`: options of a behaviour that are none. */
export function checkedWord(word: unknown): FromProcess {
  const given = isRecord(word) ? word : {};
  const type = given["type"];
  if (typeof type !== "string" || !Object.hasOwn(fieldsOf, type)) throw new Error(`no word: ${describe(word)}`);
  const fields = fieldsOf[type as FromProcess["type"]];
  for (const name in fields) {
    if (fields[name]?.(given[name]) !== true) throw new Error(`"${type}" with ${name} ${describe(given[name])}`);
  }
  return word as FromProcess;
}

function isLoadedBehaviour(value: unknown): boolean {
  if (!isRecord(value)) return false;
  assertBounds("the behaviour", value);
  const { exportName, name, declaration, isConfigured, isServer, handlers } = value;
  if (declaration !== undefined) assertDeclaration(declaration, "the behaviour: declaration");
  return (
    isText(exportName) &&
    isOptionalText(name) &&
    typeof isConfigured === "boolean" &&
    typeof isServer === "boolean" &&
    Array.isArray(handlers) &&
    handlers.every(isText)
  );
}

function isErrorData(value: unknown, depth = 0): boolean {
  if (!isRecord(value) || depth > causesMax) return false;
  const { name, message, code, stack, cause } = value;
  return (
    isText(name) &&
    isText(message) &&
    isOptionalText(code) &&
    isOptionalText(stack) &&
    (isOptionalText(cause) || isErrorData(cause, depth + 1))
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
