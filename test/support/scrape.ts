/** A scrape as Prometheus makes it: over HTTP, and read by the rules of its text format, version 0.0.4. */
import { request } from "node:http";

export interface Scraped {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export async function get(url: string, method = "GET"): Promise<Scraped> {
  const { promise, resolve, reject } = Promise.withResolvers<Scraped>();
  const asked = request(url, { method, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      text += chunk;
    });
    response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
  });
  asked.on("error", reject);
  asked.end();
  return await promise;
}

/** The samples of a page by their series, as `name{label="value"}`, and the types of the families. */
export interface Page {
  readonly types: ReadonlyMap<string, string>;
  readonly values: ReadonlyMap<string, number>;
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/;

/** @throws Error: it is not in the format; a series stands there twice, or before its type. */
export function parsed(text: string): Page {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const types = new Map<string, string>();
  const values = new Map<string, number>();
  for (const one of text.slice(0, -1).split("\n")) {
    const [, family, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(one) ?? [];
    if (family !== undefined && type !== undefined) {
      if (types.has(family)) throw new Error(`${family} has two types`);
      types.set(family, type);
      continue;
    }
    if (/^# HELP \S+ .+$/.test(one)) continue;
    const [, name, labels, value] = line.exec(one) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no sample: ${one}`);
    if (!types.has(name) && !types.has(name.replace(/_(?:bucket|sum|count)$/, ""))) throw new Error(`${name}: no type`);
    const series = labels === undefined ? name : `${name}{${labels}}`;
    if (values.has(series)) throw new Error(`${series} stands there twice`);
    const number = value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value);
    if (Number.isNaN(number)) throw new Error(`${series} is no number: ${value}`);
    values.set(series, number);
  }
  return { types, values };
}
