/** A header that is a whole number; null where it is none. */
export function numberOf(value: string | null): number | null {
  return value !== null && /^\d+$/.test(value) ? Number(value) : null;
}

/** Length of the whole file, of an answer with a part of it as well. */
export function wholeLength({ status, headers }: Response): number | null {
  if (status === 200) return numberOf(headers.get("content-length"));
  return numberOf(/\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1] ?? null);
}

/** The hub's ETag is the SHA-256 of a large file and git's blob name of a small one. */
export function parseEtag(etag: string | null): { sha256: string | null; blob: string | null } {
  const value = etag?.replace(/^W\//, "").replaceAll('"', "") ?? "";
  return {
    sha256: /^[0-9a-f]{64}$/.test(value) ? value : null,
    blob: /^[0-9a-f]{40}$/.test(value) ? value : null,
  };
}
