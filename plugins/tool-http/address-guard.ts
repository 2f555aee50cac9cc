/**
 * Which addresses a tool may connect to: public ones, and those that the configuration names. What is not known to be public is
 * refused, in every spelling, also where an IPv6 address carries one of IPv4.
 *
 * After the registries of IANA (RFC 6890 and those that amend it): special-purpose addresses of IPv4, and of IPv6 only what is
 * global unicast and not special. Beside them an address of a cloud's host that looks public.
 */
import { BlockList, isIP } from "node:net";

const special4 = [
  "0.0.0.0/8", // this network, and unspecified
  "10.0.0.0/8", // private
  "100.64.0.0/10", // carriers' NAT; in some clouds the metadata, too
  "127.0.0.0/8", // loopback
  "168.63.129.16/32", // the host of a machine of Azure
  "169.254.0.0/16", // link-local, and the metadata of most clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // relays of 6to4
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and broadcast
];

/** All else is unspecified, loopback, link-local, unique local, multicast, NAT64, or not given to anybody. */
const global6 = ["2000::/3"];

const special6 = [
  "2001::/23", // protocol assignments: Teredo, ORCHID, benchmarks
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4
  "3fff::/20", // documentation
];

export class AddressGuard {
  readonly #special4 = rangesOf(special4);
  readonly #global6 = rangesOf(global6);
  readonly #special6 = rangesOf(special6);
  readonly #allowed: BlockList;
  readonly #denied: BlockList;

  /** Ranges as `isRange` has them. @param denied counts more than `allowed` */
  constructor(allowed: readonly string[] = [], denied: readonly string[] = []) {
    this.#allowed = rangesOf(allowed);
    this.#denied = rangesOf(denied);
  }

  /** @param address what is none may not be reached */
  mayReach(address: string): boolean {
    if (isIP(address) === 4) return this.#mayReach4(address);
    const groups = groupsOf(address);
    if (groups === undefined) return false;
    if (isMapped(groups)) return this.#mayReach4(dotted(groups[6], groups[7]));
    if (this.#denied.check(address, "ipv6")) return false;
    const isAllowed =
      this.#allowed.check(address, "ipv6") ||
      (this.#global6.check(address, "ipv6") && !this.#special6.check(address, "ipv6"));
    if (!isAllowed) return false;
    // Whoever is granted a way through NAT64 or 6to4 is not granted what is private behind it.
    const within = carried(groups);
    return within === undefined || this.#mayReach4(within);
  }

  #mayReach4(address: string): boolean {
    if (this.#denied.check(address)) return false;
    return this.#allowed.check(address) || !this.#special4.check(address);
  }
}

/** An address, or one with the length of its prefix: `10.0.0.0/8`. */
export function isRange(range: unknown): range is string {
  if (typeof range !== "string") return false;
  const [address = "", bits, ...rest] = range.split("/");
  const family = address.includes("%") ? 0 : isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsOf(family));
}

function bitsOf(family: number): number {
  return family === 4 ? 32 : 128;
}

function rangesOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const family = isIP(address);
    list.addSubnet(address, bits === undefined ? bitsOf(family) : Number(bits), family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

type Groups = readonly [number, number, number, number, number, number, number, number];

/** The eight numbers of an address of IPv6; undefined: it is none, or one of a zone. */
function groupsOf(address: string): Groups | undefined {
  if (isIP(address) !== 6) return undefined;
  const url = `http://[${address}]/`;
  if (!URL.canParse(url)) return undefined;
  // The URL has it without dots, and with one `::` at most.
  const [head = "", tail] = new URL(url).hostname.slice(1, -1).split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = new Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16)) as unknown as Groups; // 8 of them
}

function isMapped(groups: Groups): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}

/** The address of IPv4 that one of NAT64 (RFC 6052) or 6to4 leads to. */
function carried(groups: Groups): string | undefined {
  if (groups[0] === 0x64 && groups[1] === 0xff9b) return dotted(groups[6], groups[7]);
  if (groups[0] === 0x2002) return dotted(groups[1], groups[2]);
  return undefined;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
