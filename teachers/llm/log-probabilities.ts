/** A token that could have come, and the natural logarithm of its probability. */
export interface Alternative {
  token: string;
  logprob: number;
}

type Json = Record<string, unknown>;

const isMapping = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function asAlternative(value: unknown): Alternative[] {
  if (!isMapping(value)) return [];
  const { token, logprob } = value;
  return typeof token === "string" && typeof logprob === "number" ? [{ token, logprob }] : [];
}

/** Servers that answer as chat does: `content[0].top_logprobs`, and the token that was drawn, which may not be among them. */
function fromContent(content: unknown): Alternative[] {
  const first: unknown = Array.isArray(content) ? content[0] : undefined;
  if (!isMapping(first)) return [];
  const top = Array.isArray(first["top_logprobs"]) ? first["top_logprobs"] : [];
  return [...top.flatMap(asAlternative), ...asAlternative(first)];
}

/** The older form of completions: `top_logprobs[0]` maps tokens to logarithms. */
function fromMaps({ top_logprobs: top, tokens, token_logprobs: drawn }: Json): Alternative[] {
  const first: unknown = Array.isArray(top) ? top[0] : undefined;
  const listed = isMapping(first)
    ? Object.entries(first).map(([token, logprob]) => ({ token, logprob }))
    : [];
  const own =
    Array.isArray(tokens) && Array.isArray(drawn)
      ? [{ token: tokens[0] as unknown, logprob: drawn[0] as unknown }]
      : [];
  return [...listed, ...own].flatMap(asAlternative);
}

/**
 * The alternatives for the first token of an answer, each once; null where the server gives none at all.
 *
 * @param choice - an entry of the response's `choices`, of chat or completions
 */
export function readAlternatives(choice: unknown): Alternative[] | null {
  const logprobs = isMapping(choice) ? choice["logprobs"] : null;
  if (!isMapping(logprobs)) return null;
  const found = "content" in logprobs ? fromContent(logprobs["content"]) : fromMaps(logprobs);
  const unique = new Map<string, Alternative>();
  for (const one of found) if (!unique.has(one.token)) unique.set(one.token, one);
  return unique.size === 0 ? null : [...unique.values()];
}

/** A token's word: white space, and how some tokenizers write it, do not count. */
const wordOf = (token: string): string => token.replaceAll(/^[\s▁Ġ]+|\s+$/g, "");

/** No class gets less: the logarithm of nothing is no number. */
const LEAST = 1e-10;

/**
 * Logits of the classes from the alternatives for the answer's first token: the logarithm of each code's share of what
 * fell on codes. Spellings of a code (`A`, ` A`) are summed. A code that is not among the alternatives gets no more than
 * the least of them, and all such codes together no more than what the alternatives leave over.
 *
 * @returns `logits` `[C]`, and `elsewhere`, the probability that fell on no code that was seen, 0 to 1; null where no
 *   code was seen
 */
export function codeLogits(
  alternatives: readonly Alternative[],
  codes: readonly string[],
): { logits: Float32Array; elsewhere: number } | null {
  const masses = new Float64Array(codes.length);
  const indices = new Map(codes.map((code, index) => [code, index]));
  let seen = 0;
  let smallest = 1;
  for (const { token, logprob } of alternatives) {
    const mass = Math.exp(Math.min(0, logprob));
    if (!(mass > 0)) continue;
    seen += mass;
    smallest = Math.min(smallest, mass);
    const index = indices.get(wordOf(token));
    if (index !== undefined) masses[index]! += mass;
  }
  const onCodes = masses.reduce((sum, mass) => sum + mass, 0);
  if (onCodes <= 0) return null;
  const unseen = masses.filter((mass) => mass === 0).length;
  const floor = Math.max(LEAST, Math.min(smallest, Math.max(0, 1 - seen) / Math.max(1, unseen)));
  const filled = masses.map((mass) => (mass === 0 ? floor : mass));
  const total = filled.reduce((sum, mass) => sum + mass, 0);
  return {
    logits: Float32Array.from(filled, (mass) => Math.log(mass / total)),
    elsewhere: Math.max(0, 1 - onCodes),
  };
}

/**
 * How well codes work on a server: the probability on codes, and on tokens that are only the beginning of one, which
 * says that the tokenizer splits them.
 */
export function codeMass(
  alternatives: readonly Alternative[],
  codes: readonly string[],
): { codes: number; beginnings: number } {
  const mass = { codes: 0, beginnings: 0 };
  for (const { token, logprob } of alternatives) {
    const word = wordOf(token);
    if (word === "") continue;
    if (codes.includes(word)) mass.codes += Math.exp(logprob);
    else if (codes.some((code) => code.startsWith(word))) mass.beginnings += Math.exp(logprob);
  }
  return mass;
}
