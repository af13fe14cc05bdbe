import { z } from "zod";

/** A file of a model at a commit, with what can be checked of it. */
export interface ListedFile {
  path: string;
  bytes: number | null;
  /** Of large files. */
  sha256: string | null;
  /** Git's name of a small file: SHA-1 over `blob <bytes>\0` and the content. */
  blob: string | null;
}

/** The files of a model at a commit. */
export interface Listing {
  name: string;
  commit: string;
  files: ListedFile[];
}

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const bytes = z.int().nonnegative();

/** What the hub answers for a model at a revision, as far as it is read. */
const answerSchema = z.object({
  sha: hex(40),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: bytes.optional(),
      blobId: hex(40).optional(),
      lfs: z.object({ sha256: hex(64), size: bytes }).optional(),
    }),
  ),
});

const listingSchema = z.object({
  name: z.string(),
  commit: hex(40),
  files: z.array(
    z.object({
      path: z.string(),
      bytes: bytes.nullable(),
      sha256: hex(64).nullable(),
      blob: hex(40).nullable(),
    }),
  ),
});

/** Whether a path stays in its folder: it comes from a server. */
function isInside(path: string): boolean {
  const parts = path.split("/");
  return (
    !path.includes("\\") && parts.every((part) => part !== "" && part !== "." && part !== "..")
  );
}

/** Reads the hub's answer; null where it is not what the protocol says. */
export function parseAnswer(answer: unknown, name: string): Listing | null {
  const { data } = answerSchema.safeParse(answer);
  if (data === undefined) return null;
  const files = data.siblings
    .filter(({ rfilename }) => isInside(rfilename))
    .map(({ rfilename, size, blobId, lfs }) => ({
      path: rfilename,
      bytes: lfs?.size ?? size ?? null,
      sha256: lfs?.sha256 ?? null,
      // Of a large file git keeps a pointer, whose name says nothing of the content.
      blob: lfs === undefined ? (blobId ?? null) : null,
    }));
  return { name, commit: data.sha, files };
}

/** Reads a listing that was kept; null where it is damaged. */
export function parseListing(value: unknown): Listing | null {
  return listingSchema.safeParse(value).data ?? null;
}
