import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { SideRequest } from "./protocol.ts";

/** Lines of a side's own output that an error shows. */
const LOG_LINES = 12;

interface Waiting {
  resolve: (reply: unknown) => void;
  reject: (error: Error) => void;
}

/** A process of its own that answers lines of JSON: ours, PyTorch's, tfjs's. Requests are answered in their order. */
export class Side {
  private readonly child: ChildProcess;
  private readonly waiting: Waiting[] = [];
  private log: string[] = [];

  constructor(command: string, parameters: readonly string[]) {
    this.child = spawn(command, parameters, { stdio: ["pipe", "pipe", "pipe"] });
    createInterface(this.child.stdout!).on("line", (line) => {
      this.receive(line);
    });
    createInterface(this.child.stderr!).on("line", (line) => {
      this.log = [...this.log, line].slice(-LOG_LINES);
    });
    this.child.stdin!.on("error", () => undefined); // A process that is gone is noticed by its `close`.
    this.child.once("error", (error) => {
      this.fail(error);
    });
    this.child.once("close", (code) => {
      const said = this.log.join("\n");
      this.fail(new Error(`${command} ended with ${code ?? "a signal"}.\n${said}`));
    });
  }

  /** @throws Error with the side's own message, or its last lines where it died. */
  ask<Reply>(request: SideRequest): Promise<Reply> {
    const reply = new Promise<Reply>((resolve, reject) => {
      this.waiting.push({ resolve: resolve as (reply: unknown) => void, reject });
    });
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    return reply;
  }

  /** Ends the process, whatever it does. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill("SIGKILL");
    await closed;
  }

  private receive(line: string): void {
    const next = this.waiting.shift();
    const reply = JSON.parse(line) as { error?: string };
    if (reply.error === undefined) next?.resolve(reply);
    else next?.reject(new Error(reply.error));
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}

/**
 * Starts a TypeScript module as a side.
 *
 * @param base - `import.meta.url` of the caller, beside which the module lies
 */
export function startModule(base: string, path: string, ...parameters: readonly string[]): Side {
  return new Side(process.execPath, [
    ...["--import", import.meta.resolve("tsx")],
    fileURLToPath(new URL(path, base)),
    ...parameters,
  ]);
}

/** Starts `peer.py`, which lies beside the caller. */
export function startPeer(base: string, python: string): Side {
  return new Side(python, [fileURLToPath(new URL("./peer.py", base))]);
}
