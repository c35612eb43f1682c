import ipaddr from "ipaddr.js";

/** Whether a text names an address (`203.0.113.7`, `2001:db8::1`) or a network (`203.0.113.0/24`). */
export function isAddressRange(text: string): boolean {
  return isAddress(text) || isNetwork(text);
}

/** IPv4 in its four decimal parts alone: `203.0.113` and `010.0.0.1` mean something else to everybody. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

function isNetwork(text: string): boolean {
  return ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text);
}

/**
 * Whether a caller's address is on a list of addresses and networks.
 *
 * An IPv4 address that came over IPv6 (`::ffff:203.0.113.7`) is that IPv4 address. An address that is missing or can't be read is
 * on no list.
 */
export function isListed(list: readonly string[], address: string): boolean {
  if (!isAddress(address)) return false;
  const caller = ipaddr.process(address);
  return list.some((entry) => {
    const [network, bits] = isNetwork(entry) ? ipaddr.parseCIDR(entry) : wholeAddress(entry);
    return network.kind() === caller.kind() && caller.match(network, bits);
  });
}

/**
 * What of an address belongs to one customer: all of an IPv4 address, the first 64 bits of an IPv6 one. Empty when it is missing or
 * can't be read.
 */
export function networkOf(address: string): string {
  if (!isAddress(address)) return "";
  const caller = ipaddr.process(address);
  if (caller.kind() === "ipv4") return caller.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${caller.toString()}/64`).toString();
}

function wholeAddress(entry: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const address = ipaddr.process(entry);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}
