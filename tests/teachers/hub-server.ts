import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { MODEL } from "./helpers.ts";

/** What goes wrong with a request; it is used up by one. */
export interface Fault {
  /** Part of the path. */
  on: string;
  kind: "half" | "reset" | "hang" | "corrupt" | "no-range" | "other-range" | "not-json" | number;
  headers?: Record<string, string>;
}

interface HubModel {
  commit: string;
  files: Map<string, Buffer>;
  /** Branches and tags. */
  refs: string[];
  /** The token that may read it; null: everybody. */
  token: string | null;
}

/** Files above this are large ones with a SHA-256, served by another host. */
const LARGE_BYTES = 100_000;
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
export const ONNX = "onnx/model_quantized.onnx";
const SHIPPED = [
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  ONNX,
];

const contents = SHIPPED.map((file) => [file, readFileSync(join(MODEL, file))] as const);

/** The shipped encoder's files. */
export function shippedFiles(): Map<string, Buffer> {
  return new Map(contents);
}

/** The same with only the first 3,000,000 bytes of the large one, for tests that open none of them. */
export function smallFiles(): Map<string, Buffer> {
  const files = shippedFiles();
  return files.set(ONNX, files.get(ONNX)!.subarray(0, 3_000_000));
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const blobOf = (bytes: Buffer) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

/**
 * Speaks the hub's protocol on this machine: the listing of a revision, small files by a redirect on the same host,
 * large ones by a redirect to another, with the hash in headers.
 */
export class HubServer {
  readonly models = new Map<string, HubModel>();
  readonly requests: { host: "hub" | "store"; path: string; range?: string; token?: string }[] = [];
  readonly faults: Fault[] = [];
  /** Whether the listing says sizes and hashes, as it does for those who ask for blobs. */
  saysBlobs = true;
  /** Bytes of a large file per piece and the wait after each; null: all at once. */
  slow: { bytes: number; milliseconds: number } | null = null;
  endpoint = "";
  private hub!: Server;
  private store!: Server;

  async start(): Promise<this> {
    this.hub = createServer((request, response) => void this.answer("hub", request, response));
    this.store = createServer((request, response) => void this.answer("store", request, response));
    for (const server of [this.hub, this.store])
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.endpoint = addressOf(this.hub);
    return this;
  }

  async stop(): Promise<void> {
    for (const server of [this.hub, this.store]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** A model, by default of {@link smallFiles}. */
  add(name: string, changes: Partial<HubModel> = {}): HubModel {
    const model = {
      commit: COMMIT,
      files: smallFiles(),
      refs: ["main"],
      token: null,
      ...changes,
    };
    this.models.set(name, model);
    return model;
  }

  /** Paths that were asked for of the host. */
  paths(host: "hub" | "store"): string[] {
    return this.requests.filter((one) => one.host === host).map(({ path }) => path);
  }

  private async answer(
    host: "hub" | "store",
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const path = request.url!;
    const { range, authorization } = request.headers;
    const token = authorization?.replace("Bearer ", "");
    this.requests.push({ host, path, ...(range && { range }), ...(token && { token }) });
    const fault = this.takeFault(path);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "reset") return void request.socket.resetAndDestroy();
    if (fault?.kind === "not-json") return void response.end("<html>");
    if (typeof fault?.kind === "number") {
      response.writeHead(fault.kind, fault.headers ?? {}).end("no");
      return;
    }
    const [, api] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\//.exec(path) ?? [];
    if (api !== undefined) {
      this.list(
        api,
        decodeURIComponent(path.replace(/\?.*$/, "").split("/").at(-1)!),
        token,
        response,
      );
      return;
    }
    const [, name, commit, file] =
      /^\/(?:cache\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/([^?]+)/.exec(path) ?? [];
    await this.file({ host, path, name, commit, file, token, range, fault }, response);
  }

  private takeFault(path: string): Fault | undefined {
    const at = this.faults.findIndex(({ on }) => path.includes(on));
    return at < 0 ? undefined : this.faults.splice(at, 1)[0];
  }

  private list(
    name: string,
    revision: string,
    token: string | undefined,
    response: ServerResponse,
  ) {
    const refuse = (status: number, code: string) =>
      response.writeHead(status, { "x-error-code": code }).end(JSON.stringify({ error: code }));
    const model = this.models.get(name);
    // As the hub does: who has no token is not told whether a private model is there.
    if (model === undefined)
      return token ? refuse(404, "RepoNotFound") : refuse(401, "RepoNotFound");
    if (model.token !== null && model.token !== token)
      return refuse(token ? 403 : 401, "GatedRepo");
    if (revision !== model.commit && !model.refs.includes(revision))
      return refuse(404, "RevisionNotFound");
    const siblings = [...model.files].map(([rfilename, bytes]) => ({
      rfilename,
      ...(this.saysBlobs && { size: bytes.length, blobId: blobOf(bytes) }),
      ...(this.saysBlobs &&
        bytes.length > LARGE_BYTES && {
          lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 134 },
        }),
    }));
    return response.end(JSON.stringify({ id: name, sha: model.commit, siblings }));
  }

  private async file(
    asked: {
      host: "hub" | "store";
      path: string;
      name: string | undefined;
      commit: string | undefined;
      file: string | undefined;
      token: string | undefined;
      range: string | undefined;
      fault: Fault | undefined;
    },
    response: ServerResponse,
  ): Promise<void> {
    const { host, path, name, commit, file, token, fault } = asked;
    const model = this.models.get(name ?? "");
    const bytes = model?.files.get(decodeURIComponent(file ?? ""));
    if (model === undefined || bytes === undefined || commit !== model.commit) {
      response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
      return;
    }
    if (host === "hub" && model.token !== null && model.token !== token) {
      response.writeHead(token ? 403 : 401, { "x-error-code": "GatedRepo" }).end();
      return;
    }
    const large = bytes.length > LARGE_BYTES;
    if (host === "hub" && !path.startsWith("/cache/")) {
      const location = large ? `${addressOf(this.store)}${path}?signature=secret` : `/cache${path}`;
      response.writeHead(large ? 302 : 307, {
        location,
        "x-linked-etag": `"${large ? sha256(bytes) : blobOf(bytes)}"`,
        "x-linked-size": String(bytes.length),
        "x-repo-commit": model.commit,
      });
      response.end();
      return;
    }
    await this.send(bytes, asked.range, fault, response);
  }

  private async send(
    whole: Buffer,
    range: string | undefined,
    fault: Fault | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const asked = fault?.kind === "no-range" ? undefined : /^bytes=(\d+)-$/.exec(range ?? "")?.[1];
    let start = Number(asked ?? 0);
    if (fault?.kind === "other-range") start += 1;
    if (start >= whole.length) {
      response.writeHead(416, { "content-range": `bytes */${whole.length}` }).end();
      return;
    }
    let body = Buffer.from(whole.subarray(start));
    if (fault?.kind === "corrupt") body[body.length >> 1]! ^= 1;
    response.writeHead(asked === undefined ? 200 : 206, {
      "content-length": body.length,
      etag: '"of-the-store"',
      ...(asked !== undefined && {
        "content-range": `bytes ${start}-${whole.length - 1}/${whole.length}`,
      }),
    });
    if (fault?.kind === "half") body = body.subarray(0, body.length >> 1);
    const { bytes, milliseconds } = this.slow ?? { bytes: body.length, milliseconds: 0 };
    for (let at = 0; at < body.length; at += bytes) {
      response.write(body.subarray(at, at + bytes));
      if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
    }
    if (fault?.kind === "half") {
      await new Promise((resolve) => setTimeout(resolve, 50));
      response.socket?.destroy();
      return;
    }
    response.end();
  }
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
