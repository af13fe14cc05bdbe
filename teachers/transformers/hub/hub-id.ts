/** A model on the hub, at a branch, a tag or a commit. */
export interface HubId {
  /** `org/name`. */
  name: string;
  revision: string;
}

const PART = "[A-Za-z0-9][A-Za-z0-9._-]*";
const HUB_ID = new RegExp(`^(${PART}/${PART})(?:@([A-Za-z0-9][^@\\s]*))?$`);

/** Reads `org/name` or `org/name@revision`, by default of the branch main; null where it is neither. */
export function parseHubId(model: string): HubId | null {
  const match = HUB_ID.exec(model);
  if (match === null) return null;
  return { name: match[1]!, revision: match[2] ?? "main" };
}

/** Whether a revision is a whole commit, which never changes what it names. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}
