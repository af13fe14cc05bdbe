import { LimbeckError } from "../errors.ts";
import type { ListedStore } from "./open-store.ts";

/** Digits of a digest that people are shown: enough to tell stores apart. */
const SHORT_DIGEST = 12;

/**
 * The store whose digest begins with some digits, as git finds a commit.
 *
 * @throws LimbeckError `E_USAGE` where none or several do, with those that there are.
 */
export function findStore(stores: readonly ListedStore[], start: string): ListedStore {
  const wanted = start.toLowerCase();
  const found = stores.filter(({ digest }) => digest.startsWith(wanted));
  const only = found[0];
  if (found.length === 1 && only !== undefined && wanted !== "") return only;
  const listed = found.length === 0 ? stores : found;
  const shown = listed.slice(0, 20).map(({ digest }) => `  ${digest.slice(0, SHORT_DIGEST)}`);
  const more = listed.length > 20 ? [`  … and ${listed.length - 20} more`] : [];
  const got = found.length === 0 ? "none" : `${found.length}`;
  const there = listed.length === 0 ? "There is no store." : "There are:";
  throw new LimbeckError(
    "E_USAGE",
    [
      `Expected one label store whose digest begins with ${JSON.stringify(start)}, got ${got}. ${there}`,
      ...shown,
      ...more,
    ].join("\n"),
  );
}
