import type { PreTrainedTokenizer } from "@huggingface/transformers";
import { messageOf } from "../../src/errors.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { teacherError } from "./model-folder.ts";
import type { TokenRow } from "./pack.ts";

/** Turns texts into tokens, and two texts' tokens into the pair that a model reads. */
export interface PairEncoder {
  /** Tokens of a text without what stands around it. */
  tokens(text: string): Int32Array;
  /** The pair as the tokenizer frames it, such as `[CLS] first [SEP] second [SEP]`; `first` is cut to what fits. */
  join(first: Int32Array, second: Int32Array): Required<TokenRow>;
  /** Tokens that are left for the first text beside a second of this length. */
  room(second: number): number;
}

/** Special tokens with their types. */
interface Part {
  ids: number[];
  types: number[];
}

/** What stands before, between and after two texts, and which type each of them has. */
interface PairFrame {
  before: Part;
  between: Part;
  after: Part;
  firstType: number;
  secondType: number;
}

interface Encoded {
  input_ids: number[];
  token_type_ids?: number[];
}

/** Seen on a pair of words; types are asked for, since not every tokenizer gives them unasked. */
function frameOf(tokenizer: PreTrainedTokenizer): PairFrame {
  const bare = tokenizer.encode("a", { add_special_tokens: false });
  const pair = tokenizer("a", {
    text_pair: "a",
    return_tensor: false,
    return_token_type_ids: true,
  }) as unknown as Encoded;
  const ids = pair.input_ids;
  const types = pair.token_type_ids ?? ids.map(() => 0);
  const isBare = (start: number) => bare.every((id, index) => ids[start + index] === id);
  const starts = [...ids.keys()].filter(isBare);
  const [first, second] = [starts[0], starts.at(-1)];
  if (first === undefined || second === undefined || second < first + bare.length)
    throw new Error("the tokenizer changes the words of a pair between its special tokens");
  const part = (from: number, to: number): Part => ({
    ids: ids.slice(from, to),
    types: types.slice(from, to),
  });
  return {
    before: part(0, first),
    between: part(first + bare.length, second),
    after: part(second + bare.length, ids.length),
    firstType: types[first]!,
    secondType: types[second]!,
  };
}

function pairEncoder(tokenizer: PreTrainedTokenizer, maxLength: number): PairEncoder {
  const { before, between, after, firstType, secondType } = frameOf(tokenizer);
  const around = before.ids.length + between.ids.length + after.ids.length;
  const room = (second: number) => Math.max(0, maxLength - around - second);
  return {
    room,
    tokens: (text) => Int32Array.from(tokenizer.encode(text, { add_special_tokens: false })),
    join(first, second) {
      const kept = first.subarray(0, room(second.length));
      const ids = [...before.ids, ...kept, ...between.ids, ...second, ...after.ids];
      const types = [
        ...before.types,
        ...Array<number>(kept.length).fill(firstType),
        ...between.types,
        ...Array<number>(second.length).fill(secondType),
        ...after.types,
      ];
      return { ids: Int32Array.from(ids), types: Int32Array.from(types) };
    },
  };
}

/**
 * Loads a model's tokenizer for pairs of texts.
 *
 * @param maxLength - longest pair in tokens, special ones included
 * @throws LimbeckError `E_TEACHER` when the tokenizer cannot be read.
 */
export async function loadPairEncoder(folder: string, maxLength: number): Promise<PairEncoder> {
  try {
    return pairEncoder(await loadTokenizer(folder), maxLength);
  } catch (thrown) {
    throw teacherError(
      folder,
      "a tokenizer for pairs that transformers.js can load",
      messageOf(thrown),
      thrown,
    );
  }
}
