/** What several producers hand to one consumer, in the order in which it came. */
export class Channel<Item> {
  private readonly items: Item[] = [];
  private ended: { thrown: unknown } | null = null;
  private wake: (() => void) | null = null;

  /** How many items wait to be taken. */
  get size(): number {
    return this.items.length;
  }

  push(item: Item): void {
    this.items.push(item);
    this.wake?.();
  }

  /** @param thrown - what the consumer is to meet after the last item; undefined: nothing */
  end(thrown?: unknown): void {
    this.ended ??= { thrown };
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for (;;) {
      while (this.items.length > 0) yield this.items.shift()!;
      if (this.ended !== null) {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- handed on as it was caught
        if (this.ended.thrown !== undefined) throw this.ended.thrown;
        return;
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = null;
    }
  }
}
