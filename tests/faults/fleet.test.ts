// Labelling over a queue with a real redis-server: whatever is killed, every text is labelled, and none twice.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { limbeck, packageFolder } from "../helpers/command-line.ts";
import {
  countShards,
  filesWith,
  findStore,
  kill,
  readRows,
  start,
  untilShards,
  writeFleetRecipe,
  type Running,
} from "./fleet-run.ts";
import { freePort, hasRedis, RedisServer } from "./redis.ts";

const PASSWORD = "correct-horse-battery";
// Three seconds without a sign of life, instead of thirty, and a thread each for three workers on two cores.
const WORKER = ["--lease", "3", "--threads", "1"];
// A shard is a tenth of a second of work: there are enough for every kill to fall between two of them.
const SHARDS = ["--shard-texts", "32"];

let root = "";
/** What an undisturbed run leaves, by number of intents. */
const undisturbed = new Map<number, string[]>();
// The kills need some work to fall into; the rest is as well seen on little.
const MANY = 12;
const FEW = 3;
let redis: RedisServer;
const running: Running[] = [];

beforeAll(async () => {
  if (!hasRedis) return;
  root = await mkdtemp(join(tmpdir(), "limbeck-fleet-"));
  for (const intents of [MANY, FEW]) {
    const folder = await folderOf(`calm-${intents}`, { intents });
    const { stderr } = await limbeck(["label", "fleet.yaml"], { folder });
    expect(stderr).toContain("texts labelled");
    undisturbed.set(intents, await readRows((await findStore(folder))!));
  }
});
afterEach(async () => {
  for (const one of running.splice(0)) await kill(one);
  await (redis as RedisServer | undefined)?.kill();
});
afterAll(async () => {
  if (root !== "") await rm(root, { recursive: true });
});

async function folderOf(
  name: string,
  { intents = FEW, ...options }: { intents?: number; model?: string } = {},
): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  await writeFleetRecipe(folder, { intents, ...options });
  return folder;
}

async function startRedis(name: string): Promise<void> {
  const folder = join(root, `redis-${name}`);
  await mkdir(folder);
  redis = new RedisServer({ port: await freePort(), password: PASSWORD, folder });
  await redis.start();
}

function keep(words: readonly string[], folder: string): Running {
  const one = start(words, folder);
  running.push(one);
  return one;
}

const startWorker = (folder: string, more: readonly string[] = []) =>
  keep(["worker", "--queue", redis.url, ...WORKER, ...more], folder);
const startProducer = (folder: string) =>
  keep(["label", "fleet.yaml", "--queue", redis.url, ...SHARDS], folder);

/** Resolves when the producer has put all its shards into the queue. */
async function untilWaiting(producer: Running): Promise<void> {
  await producer.says(" shards for workers");
  const shards = Number(/in (\d+) shards for workers/.exec(producer.output())?.[1]);
  const waiting = () => redis.ask((client) => client.llen("limbeck:labels:wait"));
  while ((await waiting()) < shards) await wait(20);
}

/** What must hold when a producer has come to its end. */
async function expectAllOnce(folder: string, intents = FEW): Promise<void> {
  const rows = undisturbed.get(intents)!;
  const store = (await findStore(folder))!;
  // The same lines: every text, none twice, and every logit to the bit.
  expect(await readRows(store)).toEqual(rows);
  // Beside the shards at most what a killed worker had begun to write.
  const others = (await readdir(store)).filter((name) => !/^part-.*\.(parquet|tmp)$/.test(name));
  expect(others.sort()).toEqual(["claims", "head.safetensors", "teacher.json"]);
  expect(await readdir(join(store, "claims"))).toEqual([]);
  const manifest = JSON.parse(
    await readFile(join(folder, "runs/fleet/label/manifest.json"), "utf8"),
  ) as { details: { texts: number; missing: object } };
  expect(manifest.details).toMatchObject({ texts: rows.length, missing: {} });
}

describe.skipIf(!hasRedis)("a fleet", () => {
  it("whose workers, producer and Redis are killed labels every text, and none twice", async () => {
    const folder = await folderOf("killed", { intents: MANY });
    await startRedis("killed");
    const workers = [startWorker(folder), startWorker(folder), startWorker(folder)];
    const producer = startProducer(folder);
    await untilShards(folder, 3);
    await kill(workers[0]!);
    await untilShards(folder, (await countShards(folder)) + 3);
    await kill(producer);
    await untilShards(folder, (await countShards(folder)) + 3);
    await redis.kill();
    // Long enough for both workers left to end their shards without it.
    await wait(1500);
    await redis.start();
    const fourth = startWorker(folder);
    const second = startProducer(folder);
    await untilShards(folder, (await countShards(folder)) + 3);
    await kill(workers[1]!);
    await kill(second);
    const third = startProducer(folder);
    expect(await third.ended, third.output()).toBe(0);
    await expectAllOnce(folder, MANY);
    expect(await redis.ask((client) => client.llen("limbeck:labels:wait"))).toBe(0);
    // Ctrl-C ends a worker with the code of the signal.
    await kill(fourth, "SIGINT");
    expect(await fourth.ended).toBe(130);
    const spoken = [...workers, producer, second, third, fourth].map((one) => one.output()).join();
    expect(spoken).not.toContain(PASSWORD);
    expect(await filesWith(folder, PASSWORD)).toEqual([]);
  });

  it("goes on when Redis comes back without its memory", async () => {
    const folder = await folderOf("forgotten");
    await startRedis("forgotten");
    startWorker(folder);
    const producer = startProducer(folder);
    await untilShards(folder, 3);
    await redis.kill();
    await redis.start({ appendOnly: false });
    expect(await producer.ended, producer.output()).toBe(0);
    expect(producer.output()).toContain("the queue has lost");
    await expectAllOnce(folder);
  });

  it("leaves nothing to do for a producer that starts again, and ends workers that were to work once", async () => {
    const folder = await folderOf("again");
    await startRedis("again");
    const producer = startProducer(folder);
    await producer.says("no worker is there: start some with limbeck worker");
    const worker = startWorker(folder, ["--once"]);
    expect(await worker.ended, worker.output()).toBe(0);
    expect(await producer.ended).toBe(0);
    const before = await countShards(folder);
    await rm(join(folder, "runs"), { recursive: true });
    const again = startProducer(folder);
    // No worker is left: there must be nothing to do.
    expect(await again.ended, again.output()).toBe(0);
    expect(again.output()).toContain("all found in the label store");
    expect(await countShards(folder)).toBe(before);
    await expectAllOnce(folder);
  });

  it("tells of a shard that fails always, keeps the others, and mends it when asked again", async () => {
    const folder = await folderOf("spoilt");
    await startRedis("spoilt");
    const producer = startProducer(folder);
    await untilWaiting(producer);
    const queue = join((await findStore(folder))!, "queue");
    const files = (await readdir(queue)).filter((name) => name.endsWith(".parquet"));
    await cp(join(queue, files[0]!), join(queue, files[1]!));
    startWorker(folder);
    expect(await producer.ended).toBe(1);
    expect(producer.output()).toMatch(
      /got 1 that failed on every attempt: \S+: Expected the texts/,
    );
    expect(producer.output()).not.toMatch(/^\s+at /m);
    expect(await countShards(folder)).toBe(files.length - 1);
    const again = startProducer(folder);
    expect(await again.ended, again.output()).toBe(0);
    await expectAllOnce(folder);
  });

  it("does without a worker that has another model: it ends, saying which file differs", async () => {
    const model = join(packageFolder, "teachers/minilm-l6-v2");
    const folder = await folderOf("other-model", { model: "model" });
    await cp(model, join(folder, "model"), { recursive: true });
    const elsewhere = join(root, "elsewhere");
    await cp(model, join(elsewhere, "model"), { recursive: true });
    const config = join(elsewhere, "model/config.json");
    await writeFile(config, `${await readFile(config, "utf8")}\n`);
    await startRedis("other-model");
    const producer = startProducer(folder);
    await producer.says("no worker is there");
    const foreign = startWorker(folder, ["--recipe-folder", elsewhere]);
    expect(await foreign.ended).toBe(1);
    expect(foreign.output()).toMatch(/Expected the teacher that labelled .*config\.json is /);
    expect(foreign.output()).not.toMatch(/^\s+at /m);
    startWorker(folder);
    expect(await producer.ended, producer.output()).toBe(0);
    await expectAllOnce(folder);
  });

  it("is told within seconds of a password that is wrong, and loses nothing", async () => {
    const folder = await folderOf("locked-out");
    await startRedis("locked-out");
    const url = `redis://:wrong-horse@127.0.0.1:${redis.port}`;
    for (const words of [["label", "fleet.yaml"], ["worker"]]) {
      const { code, stderr } = await limbeck([...words, "--queue", url], { folder });
      expect(code).toBe(1);
      expect(stderr).toMatch(/Expected a Redis queue at redis:\/\/127\.0\.0\.1:\d+, got WRONGPASS/);
      expect(stderr).not.toContain("wrong-horse");
    }
    expect(existsSync(join(folder, "runs/fleet/prepare/manifest.json"))).toBe(true);
  });
});

describe("a queue that cannot be reached", () => {
  it("is told with host and port, without the password, and what was prepared stays", async () => {
    const folder = await mkdtemp(join(tmpdir(), "limbeck-no-queue-"));
    await writeFleetRecipe(folder, { intents: 4 });
    const port = await freePort();
    const url = `redis://ann:${PASSWORD}@127.0.0.1:${port}`;
    for (const words of [["label", "fleet.yaml"], ["worker"]]) {
      const { code, stdout, stderr } = await limbeck([...words, "--queue", url], { folder });
      expect(code).toBe(1);
      expect(stderr).toContain(
        `Expected a Redis queue at redis://127.0.0.1:${port}, got ECONNREFUSED. Start redis-server there`,
      );
      expect(stdout + stderr).not.toContain(PASSWORD);
      expect(stderr).not.toMatch(/^\s+at |bug/m);
    }
    const later = await limbeck(["label", "fleet.yaml"], { folder });
    expect(later.stderr).toContain("prepare   skipped");
    expect(later.code).toBe(0);
    await rm(folder, { recursive: true });
  });
});
