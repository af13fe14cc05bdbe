import { messageOf } from "../../../src/errors.ts";
import type { HubSettings } from "../../../src/platform/hub-settings.ts";
import { reasonOf, watchIdle } from "./connection.ts";
import { numberOf, parseEtag, wholeLength } from "./file-headers.ts";
import { noAnswer, notTheProtocol, refused } from "./hub-errors.ts";
import type { HubId } from "./hub-id.ts";
import { parseAnswer, type Listing } from "./listing.ts";
import { TransientError, withRetries } from "./retry.ts";

/** An answer with what the redirects before it have said of the file. */
export interface FileAnswer {
  response: Response;
  /** Of the whole file; null where nobody says. */
  bytes: number | null;
  sha256: string | null;
  blob: string | null;
  /** Called after each piece: whoever sends nothing for too long is left. */
  alive: () => void;
  /** Ends the watch. */
  done: () => void;
}

const REDIRECTS = 5;
const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status);

/** Asks the hub about one model. */
export class HubClient {
  readonly id: HubId;
  readonly settings: HubSettings;
  readonly signal: AbortSignal;

  constructor(id: HubId, settings: HubSettings, signal: AbortSignal) {
    this.id = id;
    this.settings = settings;
    this.signal = signal;
  }

  /**
   * The commit that the revision is at, and its files.
   *
   * @throws LimbeckError `E_TEACHER` for an unknown model or revision, one that is not open, no answer.
   */
  async list(): Promise<Listing> {
    const { name, revision } = this.id;
    const path = `/api/models/${name}/revision/${encodeURIComponent(revision)}?blobs=true`;
    const answer = await this.explained(() =>
      withRetries(() => this.readJson(path), this.settings, this.signal),
    );
    const listing = parseAnswer(answer, name);
    if (listing === null) throw notTheProtocol(this.id, this.settings);
    return listing;
  }

  /** Turns what stayed transient into an error that says what to do. */
  async explained<Result>(task: () => Promise<Result>): Promise<Result> {
    try {
      return await task();
    } catch (thrown) {
      if (!(thrown instanceof TransientError)) throw thrown;
      throw noAnswer(this.id, this.settings, thrown.message, thrown);
    }
  }

  /**
   * Opens a file at a commit from a byte on.
   *
   * @returns status 200, 206 or 416
   * @throws TransientError where asking again may help; LimbeckError `E_TEACHER` where it is refused.
   */
  async openFile(commit: string, file: string, from: number): Promise<FileAnswer> {
    const path = `/${this.id.name}/resolve/${commit}/${file.split("/").map(encodeURIComponent).join("/")}`;
    // A compressed body would have other lengths than the file.
    const headers = { "accept-encoding": "identity", ...(from > 0 && { range: `bytes=${from}-` }) };
    return this.request(path, headers, `the file ${file} of the model ${this.id.name}`);
  }

  private async readJson(path: string): Promise<unknown> {
    const { response, done } = await this.request(path, {}, `the model ${this.id.name}`);
    try {
      return JSON.parse(await response.text()) as unknown;
    } catch (thrown) {
      // Half a body, or a page of something in between.
      throw new TransientError(`an answer that is no JSON (${messageOf(thrown)})`, {
        cause: thrown,
      });
    } finally {
      done();
    }
  }

  private async request(
    path: string,
    headers: Record<string, string>,
    what: string,
  ): Promise<FileAnswer> {
    const idle = watchIdle(this.settings.idleMilliseconds);
    const signal = AbortSignal.any([this.signal, idle.signal]);
    try {
      const said = { bytes: null as number | null, etag: null as string | null };
      let url = new URL(`${this.settings.endpoint}${path}`);
      for (let hops = 0; hops <= REDIRECTS; hops += 1) {
        const response = await this.ask(url, headers, signal);
        said.bytes ??= numberOf(response.headers.get("x-linked-size"));
        said.etag ??= response.headers.get("x-linked-etag");
        const next = response.headers.get("location");
        if (!isRedirect(response.status) || next === null) {
          await this.check(response, what);
          const etag = said.etag ?? (hops === 0 ? response.headers.get("etag") : null);
          const bytes = said.bytes ?? wholeLength(response);
          return { response, bytes, ...parseEtag(etag), alive: idle.alive, done: idle.done };
        }
        await response.body?.cancel();
        url = new URL(next, url);
      }
      throw new TransientError(`more than ${REDIRECTS} redirects`);
    } catch (thrown) {
      idle.done();
      throw thrown;
    }
  }

  /** The token goes to the hub itself and to no server that it sends us on to. */
  private async ask(
    url: URL,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response> {
    const { endpoint, token } = this.settings;
    const own = token !== null && url.origin === new URL(endpoint).origin;
    const all = { ...headers, ...(own && { authorization: `Bearer ${token}` }) };
    try {
      return await fetch(url, { headers: all, redirect: "manual", signal });
    } catch (thrown) {
      throw new TransientError(reasonOf(thrown), { cause: thrown });
    }
  }

  private async check(response: Response, what: string): Promise<void> {
    const { status, headers } = response;
    if (response.ok || status === 416) return;
    await response.body?.cancel();
    if (status === 429 || status === 408 || status >= 500) {
      const seconds = numberOf(headers.get("retry-after"));
      const waitMilliseconds = seconds === null ? null : seconds * 1000;
      throw new TransientError(`status ${status}`, { waitMilliseconds });
    }
    throw refused(this.id, this.settings, { status, code: headers.get("x-error-code"), what });
  }
}
