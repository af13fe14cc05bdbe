import { setMaxListeners } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import PQueue from "p-queue";
import { LimbeckError } from "../../src/errors.ts";
import type { IdentifiedText, TeacherAnswer } from "../../src/types.ts";
import type { Asker } from "./ask-text.ts";
import { Channel } from "./channel.ts";

export interface AskAllOptions {
  asker: Asker;
  concurrency: number;
  /** Asks for an end: calls under way are waited for. */
  signal: AbortSignal;
}

/** Answers that may wait for their reader, for each call at a time, before no further text is taken. */
const AHEAD = 4;
/** So many unusable answers in a row are no accident of the texts. */
const HOPELESS = 50;

/** The end of many answers that were all unusable: asking on would only cost. */
function hopeless(reason: string): LimbeckError {
  return new LimbeckError(
    "E_TEACHER",
    `Expected answers that can be used, got ${HOPELESS} in a row that cannot: ${reason}. They are set aside. See to the ` +
      "model, the endpoint and the instruction, then give the same command again with --retry-set-aside.",
  );
}

/** A stream that ends at the signal, even while its source keeps it waiting, as for answers that will not come. */
async function* untilHalted<Item>(
  source: AsyncIterable<Item>,
  halt: AbortSignal,
): AsyncGenerator<Item> {
  const iterator = source[Symbol.asyncIterator]();
  // A new promise each time: racing with one that lasts would gather a reaction for every text.
  let end = (): void => undefined;
  halt.addEventListener("abort", () => {
    end();
  });
  try {
    while (!halt.aborted) {
      const next = await new Promise<IteratorResult<Item> | null>((resolve, reject) => {
        end = () => {
          resolve(null);
        };
        iterator.next().then(resolve, reject);
      });
      if (next === null || next.done === true) return;
      yield next.value;
    }
  } finally {
    // Not waited for: a source that is in the middle of its own work ends when that is done.
    iterator.return?.().catch(() => undefined);
  }
}

/**
 * Asks about every text, `concurrency` at a time, and hands the answers on as they come. What is under way when it has
 * to stop (an error, the signal, a reader that leaves) is waited for and kept: it is paid.
 *
 * @throws LimbeckError `E_ABORTED` after the signal, else the first that asking has thrown, after the last answer.
 */
export async function* askAll(
  texts: AsyncIterable<IdentifiedText>,
  { asker, concurrency, signal }: AskAllOptions,
): AsyncGenerator<TeacherAnswer> {
  const stop = new AbortController();
  const halt = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, halt); // every call that waits listens
  const queue = new PQueue({ concurrency });
  const channel = new Channel<TeacherAnswer>();
  let failure: { thrown: unknown } | null = null;
  let unusable = 0;
  const fail = (thrown: unknown): void => {
    // What waited and was told to stop is no failure of its own.
    if (!halt.aborted) failure = { thrown };
    stop.abort();
  };
  // The next call need not wait for the disk, its reader must: nothing is handed on that could still be lost.
  const undurable = new Set<Promise<void>>();
  const handOn = (answer: TeacherAnswer, durable: Promise<void>): void => {
    const handed = durable
      .then(() => {
        channel.push(answer);
      }, fail)
      .finally(() => undurable.delete(handed));
    undurable.add(handed);
  };
  const ask = async (text: IdentifiedText): Promise<void> => {
    if (halt.aborted) return;
    try {
      const { answer, durable } = await asker.ask(text, halt);
      handOn(answer, durable);
      // A slow disk must not be outrun: what a power cut can lose is bounded like what is under way.
      if (undurable.size > concurrency) await Promise.race(undurable);
      unusable = "reason" in answer ? unusable + 1 : 0;
      if ("reason" in answer && unusable >= HOPELESS) fail(hopeless(answer.reason));
    } catch (thrown) {
      fail(thrown);
    }
  };
  const feed = async (): Promise<void> => {
    for await (const text of untilHalted(texts, halt)) {
      void queue.add(() => ask(text));
      await queue.onSizeLessThan(concurrency);
      while (channel.size > AHEAD * concurrency && !halt.aborted) await wait(5);
    }
  };
  const producing = feed()
    .catch(fail)
    .then(() => queue.onIdle())
    .then(() => Promise.all(undurable))
    .then(() => {
      if (failure === null && signal.aborted)
        failure = { thrown: new LimbeckError("E_ABORTED", "Stopped while labelling.") };
      channel.end(failure?.thrown);
    });
  try {
    yield* channel;
  } finally {
    stop.abort();
    await producing;
  }
}
