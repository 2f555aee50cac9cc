/** What a file is called while it is written. Such names cannot be guessed, and no tool lists, reads or writes them. */
import { randomBytes } from "node:crypto";

const form = /^\.mofa-[0-9a-f]{32}\.tmp$/i;

export function temporaryName(): string {
  return `.mofa-${randomBytes(16).toString("hex")}.tmp`;
}

export function isTemporary(name: string): boolean {
  return form.test(name);
}
