import { expect, it } from "vitest";
import { readSecret, redact } from "../../src/platform/secret.ts";

it("reads a key without the white space around it, and says nothing of one that cannot be sent", () => {
  expect(readSecret("KEY", { KEY: " sk-1234567\n" })).toBe("sk-1234567");
  expect(readSecret("KEY", { KEY: " " })).toBeNull();
  expect(readSecret("KEY", {})).toBeNull();
  expect(() => readSecret("KEY", { KEY: "sk-12\n34567" })).toThrow(/^(?!.*34567).*variable KEY/);
});

it("takes a key out of a text, in whole and in stretches of six and more", () => {
  const key = "sk-abcdefghij";
  expect(redact(`wrong key ${key}!`, key)).toBe("wrong key ***!");
  expect(redact("wrong key sk-abc…efghij", key)).toBe("wrong key ***…***");
  expect(redact("sk-ab is short", key)).toBe("sk-ab is short");
  expect(redact("nothing to hide", null)).toBe("nothing to hide");
});
