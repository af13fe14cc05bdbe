import { InvalidArgumentError, Option } from "commander";
import { DEFAULT_PREFIX } from "../fleet/connect.ts";
import { parseQueueAddress, type QueueAddress } from "../fleet/queue-address.ts";

/** A whole number of one or more, as an option's value. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError("Expected a whole number, 1 or more.");
}

/**
 * The queue's address; the environment's user and password where the URL has none, so that they need not stand in a
 * command line, which other users of the machine can read.
 */
export function readQueueAddress(url: string): QueueAddress {
  return parseQueueAddress(url, {
    username: process.env["REDIS_USERNAME"],
    password: process.env["REDIS_PASSWORD"],
  });
}

export function queueOption(): Option {
  return new Option(
    "--queue <url>",
    "redis://host[:port][/database]; user and password from REDIS_USERNAME and REDIS_PASSWORD",
  );
}

export function prefixOption(): Option {
  return new Option(
    "--redis-prefix <name>",
    "of the keys in Redis: fleets of different prefixes do not meet",
  ).default(DEFAULT_PREFIX);
}
