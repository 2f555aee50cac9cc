/** The configuration of `tool-http`. */
import { type ConfigKey, configSchema, countKey, type ToolLimits, toolLimits } from "../../core/index.ts";
import { isRange } from "./address-guard.ts";
import { isGrantable, isHeader } from "./header-rules.ts";
import { hostPattern } from "./host-list.ts";
import { isTypePattern } from "./media-types.ts";

export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type Method = (typeof methods)[number];

export interface HttpConfig extends ToolLimits {
  /** Hosts that may be asked: names, addresses, `*.example.com` for all below that one, `*` for all. Must be given. */
  readonly hosts: readonly string[];
  /** Default `https` alone. */
  readonly schemes: readonly ("https" | "http")[];
  /** Default 443 and 80. */
  readonly ports: readonly number[];
  /** Default `GET` and `HEAD`. */
  readonly methods: readonly Method[];
  /** Addresses that may be reached though they are not public: `127.0.0.1`, `10.1.0.0/16`. Default none. */
  readonly allowAddresses: readonly string[];
  /** Addresses that may not be reached though they are public, or allowed. Default none. */
  readonly denyAddresses: readonly string[];
  /** Headers that a model may set beside those that everybody may: `authorization`. Default none. */
  readonly grantHeaders: readonly string[];
  /** Headers, secrets among them, that go to one origin and nowhere else: `{ "https://api.example.com": { "x-key": "..." } }`. Default none. */
  readonly originHeaders: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Content types of answers; others are refused. Default text, JSON, XML and the like. */
  readonly contentTypes: readonly string[];
  /** Certificates in PEM, beside those that Node brings along. Default none. */
  readonly ca: string;
  /** Default 5. */
  readonly maxRedirects: number;
  /** Of what is sent: the body. Default 262,144. */
  readonly maxRequestBytes: number;
  /** Of all headers of an answer; more is `tool_limit`. Default 16,384. */
  readonly maxHeaderBytes: number;
  /** Of the body as it comes, compressed; the rest is cut off. Default 4,194,304. */
  readonly maxTransferBytes: number;
  /** Of the body as it is given, decompressed; the rest is cut off. Default 262,144. */
  readonly maxBodyBytes: number;
  /** Until a name is resolved and its server has taken the connection, for each redirect anew. Default 10,000. */
  readonly connectTimeoutMs: number;
  /** From there until an answer begins. Default 30,000. */
  readonly firstByteTimeoutMs: number;
}

const textTypes = [
  "text/*",
  "application/json",
  "application/*+json",
  "application/xml",
  "application/*+xml",
  "application/x-ndjson",
  "application/javascript",
  "application/yaml",
];

export const httpConfig = configSchema<HttpConfig>({
  ...toolLimits,
  hosts: listKey(
    undefined,
    (host) => hostPattern(host) !== undefined,
    'of hosts like "example.com", "*.example.com", "*"',
  ),
  schemes: listKey(["https"], (scheme) => scheme === "https" || scheme === "http", 'of "https", "http"'),
  ports: listKey([443, 80], isPort, "of ports from 1 to 65,535"),
  methods: listKey(["GET", "HEAD"], (one) => (methods as readonly unknown[]).includes(one), `of ${methods.join(", ")}`),
  allowAddresses: listKey([], isRange, 'of addresses like "127.0.0.1", "10.1.0.0/16"'),
  denyAddresses: listKey([], isRange, 'of addresses like "127.0.0.1", "10.1.0.0/16"'),
  grantHeaders: listKey([], isGrantable, "of names of headers, none of those that belong to the connection"),
  originHeaders: {
    initial: {},
    isRight: (value) =>
      isRecord(value) && Object.entries(value).every(([origin, of]) => isOrigin(origin) && areHeaders(of)),
    what: 'has headers by origin: { "https://api.example.com": { "x-key": "..." } }, none of those that belong to the connection',
  },
  contentTypes: listKey(textTypes, isTypePattern, 'of types like "text/*", "application/json"'),
  ca: {
    initial: "",
    isRight: (value) => typeof value === "string" && (value === "" || value.includes("-----BEGIN CERTIFICATE-----")),
    what: "is a text with certificates in PEM",
  },
  maxRedirects: countKey(5, 0, 100),
  maxRequestBytes: countKey(262_144, 0),
  maxHeaderBytes: countKey(16_384, 256),
  maxTransferBytes: countKey(4_194_304, 1),
  maxBodyBytes: countKey(262_144, 1),
  connectTimeoutMs: countKey(10_000, 1),
  firstByteTimeoutMs: countKey(30_000, 1),
});

function listKey<T>(
  initial: readonly T[] | undefined,
  isRight: (one: unknown) => boolean,
  of: string,
): ConfigKey<readonly T[]> {
  // Where there is something by default, nothing at all would be a tool that can do nothing.
  const least = initial === undefined || initial.length === 0 ? 0 : 1;
  return {
    initial,
    isRight: (value) => Array.isArray(value) && value.length >= least && value.every(isRight),
    what: `is a list ${of}${least === 0 ? "" : ", with one at least"}`,
  };
}

function isPort(port: unknown): boolean {
  return Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As `URL` writes it, so that it is compared by its text. */
function isOrigin(origin: string): boolean {
  return /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin;
}

function areHeaders(headers: unknown): boolean {
  return (
    isRecord(headers) && Object.entries(headers).every(([name, value]) => isGrantable(name) && isHeader(name, value))
  );
}
