/**
 * A name, resolved once: all its addresses are looked at, and the connection is made to these and to no others. A server of names that
 * says something else when it is asked again (DNS rebinding) is not asked again.
 */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { errorData, ToolError } from "../../core/index.ts";
import type { AddressGuard } from "./address-guard.ts";

/** The addresses of a name. */
export type Resolve = (name: string) => Promise<readonly LookupAddress[]>;

/** As the machine resolves names, its file of hosts included. */
export const resolveBySystem: Resolve = (name) => lookup(name, { all: true });

/** @throws ToolError `tool_denied`: one of its addresses may not be reached; `tool_failed`: it has none. */
export async function checkedAddresses(
  host: string,
  resolve: Resolve,
  guard: AddressGuard,
): Promise<readonly LookupAddress[]> {
  const family = isIP(host);
  if (family !== 0) {
    if (!guard.mayReach(host))
      throw new ToolError("tool_denied", `fetch_url: the address ${host} is not public, and may not be reached`);
    return [{ address: host, family }];
  }
  const addresses = await resolve(host).catch((error: unknown) => {
    throw new ToolError("tool_failed", `fetch_url: the host ${host} is not found: ${errorData(error).message}`, error);
  });
  if (addresses.length === 0) throw new ToolError("tool_failed", `fetch_url: the host ${host} has no address`);
  // One that is private among public ones is no mistake that could be passed over. Which it is, is no affair of a model's.
  if (!addresses.every(({ address }) => guard.mayReach(address)))
    throw new ToolError(
      "tool_denied",
      `fetch_url: the host ${host} has an address that is not public, and may not be reached`,
    );
  return addresses;
}

/** Says these, whatever is asked. */
export function pinnedLookup(addresses: readonly LookupAddress[]): LookupFunction {
  return (_name, { all }, callback) => {
    const [first] = addresses as readonly [LookupAddress]; // there is one
    process.nextTick(() =>
      all === true ? callback(null, [...addresses]) : callback(null, first.address, first.family),
    );
  };
}
