/** Names of packages, as npm takes new ones (validate-npm-package-name). */
import { isBuiltin } from "node:module";

const charsMax = 214;
const form = /^(?:@[a-z0-9-][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;
const forbidden = ["node_modules", "favicon.ico"];

/** What is wrong with it; undefined: nothing. */
export function packageNameFault(name: string): string | undefined {
  if (name.length > charsMax) return `it has more than ${charsMax} characters`;
  if (!form.test(name))
    return "it is of a-z, 0-9, ., _ and -, begins with a letter or digit, and may have a @scope/ before it";
  if (forbidden.includes(name) || isBuiltin(name)) return "npm and Node take that for something else";
  if (name === "mofa") return "a project of that name would find itself where it imports mofa";
  return undefined;
}
