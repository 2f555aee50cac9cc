/** Content types: which are taken, which are text, and in what letters. */
const textTypes =
  /^(?:text\/.+|.+\/(?:.+\+)?(?:json|xml|yaml)|application\/(?:x-)?(?:ndjson|jsonl|javascript|ecmascript|www-form-urlencoded|yaml|toml|sh|sql|graphql))$/;

/** `text/plain` of `Text/Plain; charset=utf-8`; empty where nothing is said. */
export function mediaType(contentType: string | undefined): string {
  return (contentType?.split(";")[0] ?? "").trim().toLowerCase();
}

/** `text/*`, `application/*+json`, `image/png`, and one of all. */
export function isTypePattern(pattern: unknown): pattern is string {
  return typeof pattern === "string" && /^(?:[\w!#$&^.+-]+|\*)\/[\w!#$&^.+*-]+$/.test(pattern);
}

export function hasType(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => matches(pattern.toLowerCase(), type));
}

function matches(pattern: string, type: string): boolean {
  const source = pattern.split("*").map((part) => part.replace(/[.+^$\\]/g, "\\$&"));
  return new RegExp(`^${source.join(".+")}$`).test(type);
}

/** What turns the bytes of such a type into text; undefined: they are no text. */
export function textDecoderOf(contentType: string | undefined): TextDecoder | undefined {
  if (!textTypes.test(mediaType(contentType))) return undefined;
  const charset = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(contentType ?? "")?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset);
  } catch {
    // Nobody knows these letters: those of UTF-8 are the best guess, and what is none of it shows.
    return new TextDecoder();
  }
}
