import type { LabelStore } from "../../src/labels/label-store.ts";
import { RowWriter } from "../../src/labels/row-writer.ts";
import type { WorkShare } from "../../src/labels/share-work.ts";
import { pickTexts, type VectorBlock } from "./vector-source.ts";

interface Running {
  block: Promise<VectorBlock>;
  /** Texts whose vectors are asked for; the others of the block only stand beside them. */
  wanted: ReadonlySet<string>;
}

/** Blocks that are being encoded: yielded in their order, and saved on the way. */
export class BlocksInFlight {
  private readonly most: number;
  private readonly writer: RowWriter;
  private readonly share: WorkShare;
  private readonly running: Running[] = [];

  /** @param most - blocks in flight while the next is made */
  constructor(store: LabelStore, share: WorkShare, most: number) {
    this.most = most;
    this.share = share;
    this.writer = new RowWriter(store, (ids) => share.finish(ids));
  }

  add(block: Promise<VectorBlock>, wanted: ReadonlySet<string>): void {
    // Its failure is thrown when its turn comes; until then nobody listens.
    block.catch(() => undefined);
    this.running.push({ block, wanted });
  }

  /** Gives the oldest blocks until another one may be added. */
  async *makeRoom(): AsyncGenerator<VectorBlock> {
    while (this.running.length > this.most) yield await this.takeOldest();
  }

  /** Gives all blocks; all are on disk then, and nothing is claimed any more. */
  async *drain(): AsyncGenerator<VectorBlock> {
    while (this.running.length > 0) yield await this.takeOldest();
    await this.writer.drain();
    await this.share.giveUp();
  }

  /** Saves what was encoded, whether or not anybody still asks for it. */
  async end(): Promise<void> {
    for (const outcome of await Promise.allSettled(this.running.map(({ block }) => block)))
      if (outcome.status === "fulfilled") await this.save(outcome.value);
    await this.writer.drain();
  }

  private async takeOldest(): Promise<VectorBlock> {
    const { block, wanted } = this.running[0]!;
    const encoded = await block;
    void this.running.shift();
    await this.save(encoded);
    return pickTexts(encoded, wanted);
  }

  private save({ ids, vectors }: VectorBlock): Promise<void> {
    return this.writer.add({ ids, rows: vectors });
  }
}
