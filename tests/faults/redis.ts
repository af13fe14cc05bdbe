import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";

/** Whether Debian's redis-server is here. Absent, the tests that need it are skipped, which CI counts as a failure. */
export const hasRedis = ((): boolean => {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    process.stderr.write(
      "\n!!! redis-server is not installed: the fleet's fault tests are SKIPPED (apt-get install redis-server)\n\n",
    );
    return false;
  }
})();

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A real redis-server in a folder of its own, with a password, that can be killed and started again. */
export class RedisServer {
  readonly port: number;
  readonly password: string;
  private readonly folder: string;
  private child: ChildProcess | null = null;

  constructor(options: { port: number; password: string; folder: string }) {
    this.port = options.port;
    this.password = options.password;
    this.folder = options.folder;
  }

  get url(): string {
    return `redis://:${this.password}@127.0.0.1:${this.port}`;
  }

  /** @param appendOnly - whether it keeps what it is told in its append-only file, and reads it when it starts */
  async start({ appendOnly = true } = {}): Promise<void> {
    const settings = {
      port: this.port,
      bind: "127.0.0.1",
      dir: this.folder,
      requirepass: this.password,
      save: "",
      appendonly: appendOnly ? "yes" : "no",
      "maxmemory-policy": "noeviction",
    };
    const words = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]);
    this.child = spawn("redis-server", words, { stdio: "ignore" });
    while (!(await this.answers())) await wait(50);
  }

  /** SIGKILL, at once. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null) return;
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** What `ask` makes of a connection of our own. */
  async ask<Answer>(question: (client: Redis) => Promise<Answer>): Promise<Answer> {
    const client = new Redis({
      port: this.port,
      password: this.password,
      lazyConnect: true,
      retryStrategy: () => null,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await question(client);
    } finally {
      client.disconnect();
    }
  }

  private async answers(): Promise<boolean> {
    return await this.ask((client) => client.ping()).then(
      () => true,
      () => false,
    );
  }
}
