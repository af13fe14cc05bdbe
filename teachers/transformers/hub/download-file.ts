import { mkdir, open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { explainFileError, syncFolder } from "../../../src/platform/files.ts";
import { findMismatch, type Mismatch } from "./check-file.ts";
import { reasonOf } from "./connection.ts";
import type { FileAnswer, HubClient } from "./hub-client.ts";
import { wrongContent } from "./hub-errors.ts";
import type { ListedFile } from "./listing.ts";
import { TransientError, withRetries } from "./retry.ts";

export interface FileDownload {
  client: HubClient;
  commit: string;
  file: ListedFile;
  /** Folder of the commit. */
  folder: string;
  /** Told how many bytes of the file are there. */
  progress: (bytes: number) => void;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

/**
 * Downloads a file to `<name>.part`, going on where an earlier try stopped, holds it against the hub's size and hash,
 * and gives it its name. The commit is part of the address, so that a part is always one of the same file.
 *
 * @throws LimbeckError `E_TEACHER` for wrong content or a hub that does not answer, `E_DISK`, `E_ABORTED`.
 */
export async function downloadFile(download: FileDownload): Promise<void> {
  const { client, file, folder } = download;
  const target = join(folder, file.path);
  const part = `${target}.part`;
  try {
    await mkdir(dirname(target), { recursive: true });
    const resumed = (await sizeOf(part)) > 0;
    let wrong = await fetchChecked(download, part);
    // An old part may be the culprit, such as after a power cut: once more, from the start.
    if (wrong !== null && resumed) wrong = await fetchChecked(download, part);
    if (wrong !== null) throw wrongContent(client.id.name, file.path, wrong.expected, wrong.got);
    await rename(part, target);
    await syncFolder(dirname(target));
  } catch (thrown) {
    throw explainFileError(thrown, target);
  }
}

/** The part, complete and right, or else deleted and what was wrong with it. */
async function fetchChecked(download: FileDownload, part: string): Promise<Mismatch | null> {
  const { client, file } = download;
  const expected = { ...file };
  await client.explained(() =>
    withRetries(() => fetchRest(download, part, expected), client.settings, client.signal),
  );
  const wrong = await findMismatch(part, expected);
  if (wrong !== null) await rm(part, { force: true });
  return wrong;
}

/** One request for what is lacking of the part. @throws TransientError where it ends early. */
async function fetchRest(
  download: FileDownload,
  part: string,
  expected: ListedFile,
): Promise<void> {
  const { client, commit, file, progress } = download;
  const have = await sizeOf(part);
  // A part that is too long goes on to the check, which deletes it.
  if (have > 0 && expected.bytes !== null && have >= expected.bytes) return;
  const answer = await client.openFile(commit, file.path, have);
  try {
    expected.bytes ??= answer.bytes;
    expected.sha256 ??= answer.sha256;
    expected.blob ??= expected.sha256 === null ? answer.blob : null;
    if (answer.response.status === 416) {
      await rm(part, { force: true });
      throw new TransientError("a refusal to send the rest of a file");
    }
    const from = goesOn(answer.response, have) ? have : 0;
    const got = await writeBody(answer, part, from, progress);
    if (expected.bytes !== null && got < expected.bytes)
      throw new TransientError(`the end of ${file.path} after ${got} of ${expected.bytes} bytes`, {
        progressed: got > have,
      });
  } finally {
    answer.done();
  }
}

/** Whether the answer is the rest that was asked for; a server may send the whole file instead. */
function goesOn({ status, headers }: Response, have: number): boolean {
  const start = /^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1];
  return status === 206 && Number(start) === have;
}

/** Writes the body after the first `from` bytes; whatever ends it, what has come stays. @returns the part's length */
async function writeBody(
  { response, alive }: FileAnswer,
  part: string,
  from: number,
  progress: (bytes: number) => void,
): Promise<number> {
  if (
    response.status === 206 &&
    from === 0 &&
    !/^bytes 0-/.test(response.headers.get("content-range") ?? "")
  ) {
    await rm(part, { force: true });
    throw new TransientError("another part of the file than was asked for");
  }
  const handle = await open(part, from > 0 ? "a" : "w");
  let written = from;
  try {
    for await (const piece of bodyOf(response, () => written > from)) {
      alive();
      await writeAll(handle, piece);
      written += piece.length;
      progress(written);
    }
    await handle.sync();
    return written;
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let offset = 0; offset < piece.length;)
    offset += (await handle.write(piece, offset)).bytesWritten;
}

/** The body's pieces; errors of the connection are told apart from those of the disk. */
async function* bodyOf(response: Response, progressed: () => boolean): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((thrown: unknown) => {
        throw new TransientError(reasonOf(thrown), { progressed: progressed(), cause: thrown });
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
