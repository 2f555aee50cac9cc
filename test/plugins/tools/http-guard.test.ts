/** Which addresses `tool-http` may reach: examples of every kind, and properties against ranges written as numbers. Not in every placement: no actor runs. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { AddressGuard, isRange } from "../../../plugins/tool-http/address-guard.ts";
import { HostList, hostPattern } from "../../../plugins/tool-http/host-list.ts";
import { UrlRules } from "../../../plugins/tool-http/url-rules.ts";

const guard = new AddressGuard();

test.each([
  ["loopback", "127.0.0.1"],
  ["loopback, the last of it", "127.255.255.255"],
  ["unspecified", "0.0.0.0"],
  ["private", "10.0.0.1"],
  ["private", "172.16.0.1"],
  ["private, the last of it", "172.31.255.255"],
  ["private", "192.168.1.1"],
  ["the metadata of clouds", "169.254.169.254"],
  ["the metadata of another cloud", "100.100.100.200"],
  ["the host of a machine of a third cloud", "168.63.129.16"],
  ["the metadata of a fourth cloud", "192.0.0.192"],
  ["carriers' NAT", "100.64.0.1"],
  ["carriers' NAT, the last of it", "100.127.255.255"],
  ["benchmarks", "198.19.0.1"],
  ["documentation", "203.0.113.9"],
  ["multicast", "224.0.0.251"],
  ["reserved", "240.0.0.1"],
  ["broadcast", "255.255.255.255"],
  ["loopback", "::1"],
  ["unspecified", "::"],
  ["unique local", "fd00:ec2::254"],
  ["unique local", "fc00::1"],
  ["link-local", "fe80::1"],
  ["link-local with its zone", "fe80::1%eth0"],
  ["site-local", "fec0::1"],
  ["multicast", "ff02::1"],
  ["mapped loopback", "::ffff:127.0.0.1"],
  ["mapped loopback in groups", "::ffff:7f00:1"],
  ["mapped loopback written out", "0:0:0:0:0:ffff:7f00:0001"],
  ["mapped metadata", "::ffff:a9fe:a9fe"],
  ["compatible loopback", "::7f00:1"],
  ["NAT64 of loopback", "64:ff9b::7f00:1"],
  ["NAT64 of what is public", "64:ff9b::8.8.8.8"],
  ["local NAT64", "64:ff9b:1::a00:1"],
  ["6to4 of what is private", "2002:a00:1::1"],
  ["6to4 of what is public", "2002:808:808::1"],
  ["Teredo", "2001:0:7f00:1::"],
  ["documentation", "2001:db8::1"],
  ["newer documentation", "3fff::1"],
  ["given to nobody", "4000::1"],
  ["segment routing", "5f00::1"],
  ["discard", "100::1"],
  ["no address", "example.com"],
  ["no address", ""],
  ["an address in one number", "2130706433"],
  ["an address in octal", "0177.0.0.1"],
])("%s is not reached: %s", (_kind, address) => {
  expect(guard.mayReach(address)).toBe(false);
});

test.each([
  "8.8.8.8",
  "1.1.1.1",
  "100.63.255.255",
  "172.32.0.1",
  "223.255.255.255",
  "2606:4700::1111",
  "2a00:1450:4001::1",
  "::ffff:8.8.8.8",
])("what is public is reached: %s", (address) => {
  expect(guard.mayReach(address)).toBe(true);
});

test("what is allowed is reached though it is private, and nothing beside it", () => {
  const local = new AddressGuard(["127.0.0.1", "10.1.0.0/16", "fd00::/8"]);
  expect(["127.0.0.1", "::ffff:127.0.0.1", "10.1.255.1", "fd12::1"].filter((one) => !local.mayReach(one))).toEqual([]);
  expect(["127.0.0.2", "10.2.0.1", "fc00::1", "::1"].filter((one) => local.mayReach(one))).toEqual([]);
});

test("a way through NAT64 that is allowed leads to nothing private", () => {
  const through = new AddressGuard(["64:ff9b::/96", "2002::/16"]);
  expect(through.mayReach("64:ff9b::8.8.8.8")).toBe(true);
  expect(["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"].filter((one) => through.mayReach(one))).toEqual(
    [],
  );
});

test("what is denied is not reached, though it is public or allowed, also where it is mapped", () => {
  const strict = new AddressGuard(["10.0.0.0/8"], ["10.0.0.1", "8.8.8.0/24", "2606:4700::/32"]);
  expect(["10.0.0.1", "8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1"].filter((one) => strict.mayReach(one))).toEqual([]);
  expect(strict.mayReach("10.0.0.2")).toBe(true);
});

test.each(["10.0.0.0/33", "10.0.0.0/8/8", "10.0.0/8", "::/129", "fe80::1%eth0", "example.com", "", "10.0.0.0/-1", 7])(
  "%p is no range of addresses",
  (range) => {
    expect(isRange(range)).toBe(false);
  },
);

/** Ends of the special ranges of IPv4, by RFC 6890 and its like, as numbers: first and last. */
const special: readonly (readonly [number, number])[] = [
  [0x00000000, 0x00ffffff],
  [0x0a000000, 0x0affffff],
  [0x64400000, 0x647fffff],
  [0x7f000000, 0x7fffffff],
  [0xa83f8110, 0xa83f8110],
  [0xa9fe0000, 0xa9feffff],
  [0xac100000, 0xac1fffff],
  [0xc0000000, 0xc00000ff],
  [0xc0000200, 0xc00002ff],
  [0xc0586300, 0xc05863ff],
  [0xc0a80000, 0xc0a8ffff],
  [0xc6120000, 0xc613ffff],
  [0xc6336400, 0xc63364ff],
  [0xcb007100, 0xcb0071ff],
  [0xe0000000, 0xffffffff],
];

const isPublic4 = (number: number) => !special.some(([first, last]) => number >= first && number <= last);
const dotted = (number: number) => [24, 16, 8, 0].map((bits) => (number >>> bits) & 255).join(".");
const hex = (number: number) => number.toString(16);

/** Half of them near the ends of ranges, where mistakes are. */
const address4 = fc.oneof(
  fc.nat({ max: 0xffffffff }),
  fc
    .tuple(fc.constantFrom(...special.flat()), fc.integer({ min: -2, max: 2 }))
    .map(([end, by]) => Math.min(0xffffffff, Math.max(0, end + by))),
);

describe("for every address of IPv4", () => {
  test("it is reached where it is in no special range", () => {
    fc.assert(
      fc.property(address4, (number) => guard.mayReach(dotted(number)) === isPublic4(number)),
      { numRuns: 5_000 },
    );
  });

  test("its mapped spellings are judged as it is", () => {
    const spellings = (number: number) => [
      `::ffff:${dotted(number)}`,
      `::FFFF:${hex(number >>> 16)}:${hex(number & 0xffff)}`,
      `0:0:0:0:0:ffff:${hex(number >>> 16).padStart(4, "0")}:${hex(number & 0xffff).padStart(4, "0")}`,
    ];
    fc.assert(
      fc.property(address4, (number) => spellings(number).every((one) => guard.mayReach(one) === isPublic4(number))),
      { numRuns: 2_000 },
    );
  });

  test("its spellings in a URL in other bases are judged as it is", () => {
    const rules = new UrlRules({ schemes: ["http"], ports: [80], hosts: ["*"] });
    const base = fc.constantFrom<(n: number) => string>(
      String,
      (n) => `0x${hex(n)}`,
      (n) => `0${n.toString(8)}`,
    );
    const spelling = fc
      .tuple(address4, base, base, fc.integer({ min: 1, max: 4 }))
      .map(([number, one, other, parts]) => {
        const bytes = [24, 16, 8, 0].map((bits) => (number >>> bits) & 255);
        const rest = parts === 1 ? number : number & (2 ** (8 * (5 - parts)) - 1);
        return [number, [...bytes.slice(0, parts - 1).map(one), other(rest >>> 0)].join(".")] as const;
      });
    fc.assert(
      fc.property(spelling, ([number, text]) => {
        const { hostname } = rules.checked(`http://${text}/`);
        return hostname === dotted(number) && guard.mayReach(hostname) === isPublic4(number);
      }),
      { numRuns: 2_000 },
    );
  });
});

test("of IPv6 nothing is reached that is not global unicast, and nothing special of that", () => {
  const group = fc.nat({ max: 0xffff });
  const first = fc.oneof(
    group,
    fc.constantFrom(0, 0x64, 0x2001, 0x2002, 0x3fff, 0x3ffe, 0x4000, 0x1fff, 0xfc00, 0xfe80, 0xff02),
  );
  const second = fc.oneof(group, fc.constantFrom(0, 0x1ff, 0x200, 0xdb8, 0xfff, 0x1000, 0xff9b));
  const rest = fc.array(group, { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(first, second, rest, (one, two, others) => {
      const groups = [one, two, ...others];
      const isGlobal = one >= 0x2000 && one <= 0x3fff;
      const isSpecial =
        (one === 0x2001 && (two <= 0x1ff || two === 0xdb8)) || one === 0x2002 || (one === 0x3fff && two <= 0xfff);
      // Eight groups at random are none that is mapped.
      return guard.mayReach(groups.map(hex).join(":")) === (isGlobal && !isSpecial);
    }),
    { numRuns: 5_000 },
  );
});

test("a pattern of hosts takes its name, or all below one, and not what only looks like it", () => {
  const hosts = new HostList(["API.example.com", "*.example.org", "xn--bcher-kva.example", "[::1]", "10.0.0.1"]);
  const taken = ["api.example.com", "a.example.org", "a.b.example.org", "xn--bcher-kva.example", "::1", "10.0.0.1"];
  const other = [
    "example.com",
    "xapi.example.com",
    "api.example.com.evil.test",
    "example.org",
    "evilexample.org",
    "::2",
  ];
  expect(taken.filter((host) => !hosts.has(host))).toEqual([]);
  expect(other.filter((host) => hosts.has(host))).toEqual([]);
});

test.each(["", "https://example.com", "example.com/a", "a@b", "example.com:80", "a.*.com", "**", "a b", 7])(
  "%p is no pattern of hosts",
  (pattern) => {
    expect(hostPattern(pattern)).toBeUndefined();
  },
);
