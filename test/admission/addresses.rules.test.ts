import { describe, expect, test } from "vitest";
import { isAddressRange, isListed, networkOf } from "../../src/admission/addresses.rules.ts";

describe("a list of addresses", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7", true],
    ["203.0.113.7", "203.0.113.8", false],
    ["203.0.113.0/24", "203.0.113.255", true],
    ["203.0.113.0/24", "203.0.114.0", false],
    ["203.0.113.77/24", "203.0.113.1", true], // the bits beyond the network don't count
    ["0.0.0.0/0", "198.51.100.1", true],
    ["2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", true],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["203.0.113.7", "::ffff:203.0.113.7", true], // IPv4 that came over IPv6
    ["203.0.113.0/24", "::ffff:203.0.113.9", true],
    ["::ffff:203.0.113.7", "203.0.113.7", true],
    ["::/0", "203.0.113.7", false], // all of IPv6 is not IPv4
    ["0.0.0.0/0", "2001:db8::1", false],
  ])("with %s has %s: %s", (entry, address, isOnIt) => {
    expect(isListed([entry], address)).toBe(isOnIt);
  });

  test("has what any of its entries has, and nothing when it is empty", () => {
    const list = ["198.51.100.0/24", "2001:db8::/32", "203.0.113.7"];
    expect(["198.51.100.3", "2001:db8::3", "203.0.113.7"].map((address) => isListed(list, address))).toEqual([
      true,
      true,
      true,
    ]);
    expect(isListed(list, "192.0.2.1")).toBe(false);
    expect(isListed([], "192.0.2.1")).toBe(false);
  });

  test.each([
    "",
    "nonsense",
    "203.0.113",
    "203.0.113.7, 198.51.100.1",
    "203.0.113.7:80",
    "[2001:db8::1]",
    "203.0.113.256",
  ])("does not have %j, which is no address", (address) => {
    expect(isListed(["0.0.0.0/0", "::/0"], address)).toBe(false);
  });

  test("takes addresses and networks, and nothing else", () => {
    for (const range of ["203.0.113.7", "203.0.113.0/24", "2001:db8::1", "2001:db8::/32"]) {
      expect(isAddressRange(range), range).toBe(true);
    }
    for (const range of [
      "",
      "nonsense",
      "203.0.113.0/33",
      "2001:db8::/129",
      "203.0.113.0/-1",
      "203.0.113.7-9",
      "203.0.113",
      "010.0.0.1",
      "0x7f.0.0.1",
      "10",
      "10/8",
    ]) {
      expect(isAddressRange(range), range).toBe(false);
    }
  });
});

describe("the network of an address", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"], // IPv4 that came over IPv6
    ["2001:db8:0:1::1", "2001:db8:0:1::"],
    ["2001:0DB8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::"],
    ["2001:db8:0:2::1", "2001:db8:0:2::"],
  ])("of %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test("is empty where there is none to tell", () => {
    for (const address of ["", "nonsense", "203.0.113.7, 198.51.100.1"]) expect(networkOf(address), address).toBe("");
  });
});
