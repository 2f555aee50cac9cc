/**
 * The imports of a TypeScript source, by a small scanner: TypeScript 7 has no JavaScript API to ask.
 *
 * It knows comments, strings, templates and regular expressions, so that none of these hides or fakes an import. The
 * architecture test holds it against what V8 itself finds in the same files.
 */
export type ImportKind =
  /** `import ... from`, `export ... from`, `import "x"`: loaded before the file runs. */
  | "static"
  /** `import type`, `export type`, and `import("x")` in a type: gone after the build. */
  | "type"
  /** `import("x")`: loaded when it is reached. */
  | "dynamic"
  /** `new URL("./x.js", import.meta.url)`: how a worker's module is named. */
  | "url";

export interface Import {
  readonly specifier: string;
  readonly kind: ImportKind;
}

export function importsOf(source: string): Import[] {
  const { code, strings } = blankLiterals(source);
  const found: { at: number; entry: Import }[] = [];
  const add = (pattern: RegExp, kindOf: (match: RegExpExecArray) => ImportKind) => {
    for (const match of code.matchAll(pattern)) {
      const specifier = strings[Number(match.groups?.["string"])];
      if (specifier !== undefined) found.push({ at: match.index, entry: { specifier, kind: kindOf(match) } });
    }
  };
  // A declaration's names hold no quotes, brackets or semicolons but braces; so the nearest string is its module.
  add(
    /(?<![.\w$])(?:import|export)(?<type>\s+type\b(?!\s*(?:,|from\b)))?[\w\s$,{}*]*?\bfrom\s*@(?<string>\d+)@/g,
    (match) => (match.groups?.["type"] === undefined ? "static" : "type"),
  );
  add(/(?<![.\w$])import\s*@(?<string>\d+)@/g, () => "static");
  add(/(?<![.\w$])(?<typeof>\btypeof\s+)?import\s*\(\s*@(?<string>\d+)@\s*[,)](?<member>\s*\.\s*[A-Z])?/g, (match) =>
    match.groups?.["typeof"] !== undefined || match.groups?.["member"] !== undefined ? "type" : "dynamic",
  );
  add(/\bnew\s+URL\s*\(\s*@(?<string>\d+)@\s*,\s*import\.meta\.url\b/g, () => "url");
  return found.sort((a, b) => a.at - b.at).map(({ entry }) => entry);
}

/** The source with comments and regular expressions gone, and each string replaced by `@n@`, its place in `strings`. */
function blankLiterals(source: string): { code: string; strings: string[] } {
  const strings: string[] = [];
  let code = "";
  let at = 0;
  /** For each template that is open, the depth of braces at which its `${` was opened. */
  const templates: number[] = [];
  let depth = 0;

  const skipTemplateText = () => {
    while (at < source.length) {
      if (source[at] === "\\") at += 2;
      else if (source[at] === "`") {
        at += 1;
        return;
      } else if (source.startsWith("${", at)) {
        at += 2;
        templates.push(depth);
        code += "(";
        return;
      } else at += 1;
    }
  };

  while (at < source.length) {
    const char = source[at];
    if (source.startsWith("//", at)) {
      at = endOf(source, "\n", at);
    } else if (source.startsWith("/*", at)) {
      at = endOf(source, "*/", at + 2);
      code += " ";
    } else if (char === '"' || char === "'") {
      const end = endOfQuoted(source, char, at + 1);
      code += `@${strings.push(source.slice(at + 1, end - 1)) - 1}@`;
      at = end;
    } else if (char === "`") {
      at += 1;
      skipTemplateText();
    } else if (char === "}" && templates.at(-1) === depth) {
      templates.pop();
      code += ")";
      at += 1;
      skipTemplateText();
    } else if (char === "/" && startsRegExp(code)) {
      at = endOfRegExp(source, at + 1);
      code += "0";
    } else {
      if (char === "{") depth += 1;
      if (char === "}") depth -= 1;
      code += char;
      at += 1;
    }
  }
  return { code, strings };
}

function endOf(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from);
  return found < 0 ? source.length : found + mark.length;
}

function endOfQuoted(source: string, quote: string, from: number): number {
  let at = from;
  while (at < source.length && source[at] !== quote) at += source[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** A slash divides after a value, and opens a regular expression elsewhere. */
function startsRegExp(code: string): boolean {
  const before = code.trimEnd();
  return /(?:^|[^\w$)\]}@])$|(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|await|yield)$/.test(before);
}

function endOfRegExp(source: string, from: number): number {
  let at = from;
  let isInClass = false;
  while (at < source.length && (isInClass || source[at] !== "/") && source[at] !== "\n") {
    if (source[at] === "[") isInClass = true;
    if (source[at] === "]") isInClass = false;
    at += source[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}
