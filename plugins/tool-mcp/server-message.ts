/** Messages of a server: which are heard, and whose answer it is that cannot be. */
import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { isDeeper } from "./json-depth.ts";

/** Of an answer that came and is not given on: no server of the protocol has that one. */
export const unheardCode = -1_000_001;
/** Of an answer that will not come. */
export const lostCode = -1_000_002;

const levelsMax = 100;
const versionText = "2.0";

/** Why it is not heard, and whose answer it would have been. */
export interface Unheard {
  readonly why: string;
  readonly id?: number | string;
}

export function messageOf(line: string): JSONRPCMessage | Unheard {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { why: "what is no JSON" };
  }
  return checked(value);
}

export function checked(value: unknown): JSONRPCMessage | Unheard {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { why: "what is no message" };
  const { jsonrpc, id, method, result, error } = value as Readonly<Record<string, unknown>>;
  if (jsonrpc !== versionText) return { why: "what is no message of JSON-RPC 2.0" };
  if (id !== undefined && typeof id !== "number" && typeof id !== "string")
    return { why: "a message whose id is none" };
  const ofAnswer = method === undefined && id !== undefined && { id };
  if (method === undefined ? !isObject(result) && !isFailure(error) : typeof method !== "string")
    return { why: "a message that is neither a request nor an answer", ...ofAnswer };
  if (isDeeper(value, levelsMax))
    return { why: `a message that is nested deeper than ${levelsMax} levels`, ...ofAnswer };
  return value as JSONRPCMessage;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFailure(error: unknown): boolean {
  if (!isObject(error)) return false;
  const { code, message } = error as Readonly<Record<string, unknown>>;
  return Number.isInteger(code) && typeof message === "string";
}

/** Stands for an answer that is not heard, so that whoever waits for it learns why. */
export function unheard(id: number | string, why: string, code = unheardCode): JSONRPCMessage {
  return { jsonrpc: versionText, id, error: { code, message: why } };
}

/** The id of an answer, by how its text begins and ends: what is between is not there. */
export function idAtEnds(head: string, tail: string): number | undefined {
  const found =
    /^\s*\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d+)\s*,/.exec(head) ??
    /^\s*\{\s*"id"\s*:\s*(\d+)\s*,/.exec(head) ??
    /,\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d+)\s*\}\s*$/.exec(tail) ??
    /,\s*"id"\s*:\s*(\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/.exec(tail);
  return found?.[1] === undefined ? undefined : Number(found[1]);
}
