import type { PreTrainedTokenizer } from "@huggingface/transformers";
import { messageOf } from "../../src/errors.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { teacherError } from "./model-folder.ts";

/** Turns a text into token ids. */
export type EncodeText = (text: string) => Int32Array;

/** What the tokenizer puts around a text, such as `[CLS]` and `[SEP]`. */
interface Frame {
  before: number[];
  after: number[];
}

/** Seen on a word, since the frame of an empty text does not tell where the text would stand. */
function frameOf(tokenizer: PreTrainedTokenizer): Frame {
  const bare = tokenizer.encode("a", { add_special_tokens: false });
  const framed = tokenizer.encode("a");
  for (let start = 0; start + bare.length <= framed.length; start += 1) {
    if (!bare.every((id, index) => framed[start + index] === id)) continue;
    return { before: framed.slice(0, start), after: framed.slice(start + bare.length) };
  }
  throw new Error("the tokenizer changes the word between its special tokens");
}

/**
 * Loads a model's tokenizer. A text that is too long loses its last tokens but keeps what the tokenizer puts at the
 * end; transformers.js would cut that off.
 *
 * @param maxLength - longest result in tokens, special ones included
 * @throws LimbeckError `E_TEACHER` when the tokenizer cannot be read.
 */
export async function loadTextEncoder(folder: string, maxLength: number): Promise<EncodeText> {
  try {
    const tokenizer = await loadTokenizer(folder);
    const { before, after } = frameOf(tokenizer);
    const room = Math.max(0, maxLength - before.length - after.length);
    return (text) => {
      const ids = tokenizer.encode(text, { add_special_tokens: false });
      return Int32Array.from([
        ...before,
        ...(ids.length > room ? ids.slice(0, room) : ids),
        ...after,
      ]);
    };
  } catch (thrown) {
    throw teacherError(
      folder,
      "a tokenizer that transformers.js can load",
      messageOf(thrown),
      thrown,
    );
  }
}
