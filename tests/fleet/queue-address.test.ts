import { describe, expect, it } from "vitest";
import { parseQueueAddress, showQueueAddress } from "../../src/fleet/queue-address.ts";

const bare = { username: null, password: null, tls: false, database: 0 };

describe("parseQueueAddress", () => {
  it.each([
    ["redis://queue", { ...bare, host: "queue", port: 6379 }],
    ["redis://10.0.0.5:7000/3", { ...bare, host: "10.0.0.5", port: 7000, database: 3 }],
    ["rediss://queue/", { ...bare, host: "queue", port: 6379, tls: true }],
    ["redis://[::1]:7000", { ...bare, host: "::1", port: 7000 }],
    // "p@ss:word" with the percent signs that a URL needs.
    [
      "redis://ann:p%40ss%3Aword@queue",
      { ...bare, host: "queue", port: 6379, username: "ann", password: "p@ss:word" },
    ],
  ])("reads %s", (url, expected) => {
    expect(parseQueueAddress(url)).toEqual(expected);
  });

  it("takes the environment's user and password where the URL has none, and only there", () => {
    const credentials = { username: "env", password: "from-env" };
    expect(parseQueueAddress("redis://queue", credentials)).toMatchObject(credentials);
    expect(parseQueueAddress("redis://:own@queue", credentials)).toMatchObject({
      username: "env",
      password: "own",
    });
  });

  it.each([
    "http://ann:hunter2@queue",
    "hunter2@queue",
    "redis://:hunter2@",
    "redis://:hunter2@queue/zero",
    "redis://:hunter2@queue/0?x=1",
    "redis://:hunter2%@queue",
    "redis://:hunter2@queue:99999",
  ])("refuses %s without repeating the password", (url) => {
    expect(() => parseQueueAddress(url)).toThrow(
      expect.objectContaining({
        code: "E_USAGE",
        message: expect.not.stringContaining("hunter2") as string,
      }) as Error,
    );
  });
});

describe("showQueueAddress", () => {
  it.each([
    ["redis://ann:hunter2@queue:7000/3", "redis://queue:7000/3"],
    ["rediss://:hunter2@[::1]", "rediss://[::1]:6379"],
  ])("shows %s as %s", (url, shown) => {
    expect(showQueueAddress(parseQueueAddress(url))).toBe(shown);
  });
});
