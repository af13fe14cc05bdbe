import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError, messageOf } from "../../src/errors.ts";

/** How token vectors become a text's: their mean, the first token's, or the largest number of each column. */
export const POOLINGS = ["mean", "cls", "max"] as const;
export type Pooling = (typeof POOLINGS)[number];

/** What a text's vector is made by. */
export interface Pooler {
  pooling: Pooling;
  /** Whether vectors are scaled to length 1. */
  normalize: boolean;
}

/** sentence-transformers' names, of its older files one flag each, of the newer ones a word. */
const MODES: Readonly<Record<string, Pooling>> = {
  pooling_mode_mean_tokens: "mean",
  pooling_mode_cls_token: "cls",
  pooling_mode_max_tokens: "max",
};

async function readOwn(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected JSON in ${path}, got ${messageOf(thrown)}. Fetch the model again, or delete the file.`,
      { cause: thrown },
    );
  }
}

function poolingOf(config: Record<string, unknown>, path: string): Pooling {
  const word = config["pooling_mode"];
  const modes = Object.keys(config).filter(
    (key) => key.startsWith("pooling_mode_") && config[key] === true,
  );
  const found = typeof word === "string" ? POOLINGS.find((one) => one === word) : undefined;
  const flagged = modes.length === 1 ? MODES[modes[0]!] : undefined;
  const pooling = found ?? flagged;
  if (pooling !== undefined) return pooling;
  const got = typeof word === "string" ? word : modes.length === 0 ? "none" : modes.join(" and ");
  throw new LimbeckError(
    "E_TEACHER",
    `Expected one of ${POOLINGS.join(", ")} in ${path}, got ${got}. Set teacher.pooling to one of these.`,
  );
}

interface Module {
  type: string;
  path: string;
}

function modulesOf(value: unknown): Module[] | null {
  if (!Array.isArray(value)) return null;
  return value.map((one: unknown) => {
    const { type, path } = (one ?? {}) as { type?: unknown; path?: unknown };
    return { type: String(type), path: typeof path === "string" ? path : "" };
  });
}

/**
 * How a model's own files say that its texts' vectors are made: modules.json and the pooling's config.json, as
 * sentence-transformers writes them. A model without them gets the mean, at length 1.
 *
 * @param wanted - what the recipe says; `auto` leaves it to the model
 * @throws LimbeckError `E_TEACHER` naming the file whose pooling is another.
 */
export async function resolvePooler(
  folder: string,
  wanted: { pooling: Pooling | "auto"; normalize: boolean | "auto" },
): Promise<Pooler> {
  const modules = modulesOf(await readOwn(join(folder, "modules.json")));
  const own = modules?.find(({ type }) => type.endsWith(".Pooling"))?.path ?? "1_Pooling";
  const normalizes = modules?.some(({ type }) => type.endsWith(".Normalize")) ?? true;
  const normalize = wanted.normalize === "auto" ? normalizes : wanted.normalize;
  if (wanted.pooling !== "auto") return { pooling: wanted.pooling, normalize };
  const path = join(folder, own, "config.json");
  const config = await readOwn(path);
  const known = config !== null && typeof config === "object";
  return {
    pooling: known ? poolingOf(config as Record<string, unknown>, path) : "mean",
    normalize,
  };
}

/**
 * Makes the vectors of texts out of those of their tokens. Sums are in float64 and in the order of the tokens, so that
 * padding and neighbours change no bit.
 *
 * @param hidden - `[B, L, D]`
 * @param lengths - tokens of each text, `[B]`; what follows them is padding
 * @param into - `[B, D]`
 */
export function poolTokens(
  hidden: Float32Array,
  lengths: Int32Array,
  { size, pooling, normalize }: Pooler & { size: number },
  into: Float32Array,
): void {
  const length = hidden.length / size / lengths.length;
  const vector = new Float64Array(size);
  lengths.forEach((own, row) => {
    const tokens = hidden.subarray(row * length * size, (row * length + own) * size);
    if (pooling === "mean") addTokens(tokens, vector);
    else if (pooling === "max") takeLargest(tokens, vector);
    else vector.set(tokens.subarray(0, size));
    // The sum and the mean have the same direction.
    const plain = pooling === "mean" ? own : 1;
    const divisor = normalize ? lengthOf(vector) : plain;
    const from = row * size;
    for (let column = 0; column < size; column += 1)
      into[from + column] = divisor === 0 ? 0 : vector[column]! / divisor;
  });
}

/** Columns that are summed side by side, each in a register. */
const COLUMNS = 8;

function addTokens(tokens: Float32Array, sum: Float64Array): void {
  const size = sum.length;
  const whole = size - (size % COLUMNS);
  for (let column = 0; column < whole; column += COLUMNS) addColumns(tokens, sum, column);
  for (let column = whole; column < size; column += 1) {
    let total = 0;
    for (let at = column; at < tokens.length; at += size) total += tokens[at]!;
    sum[column] = total;
  }
}

/** Eight columns at a time take a third of the time of one token after the other, to the same bits. */
function addColumns(tokens: Float32Array, sum: Float64Array, column: number): void {
  let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let at = column; at < tokens.length; at += sum.length) {
    a += tokens[at]!;
    b += tokens[at + 1]!;
    c += tokens[at + 2]!;
    d += tokens[at + 3]!;
    e += tokens[at + 4]!;
    f += tokens[at + 5]!;
    g += tokens[at + 6]!;
    h += tokens[at + 7]!;
  }
  sum[column] = a;
  sum[column + 1] = b;
  sum[column + 2] = c;
  sum[column + 3] = d;
  sum[column + 4] = e;
  sum[column + 5] = f;
  sum[column + 6] = g;
  sum[column + 7] = h;
}

function takeLargest(tokens: Float32Array, largest: Float64Array): void {
  const size = largest.length;
  largest.set(tokens.subarray(0, size));
  for (let from = size; from < tokens.length; from += size)
    for (let column = 0; column < size; column += 1)
      if (tokens[from + column]! > largest[column]!) largest[column] = tokens[from + column]!;
}

function lengthOf(vector: Float64Array): number {
  let total = 0;
  for (let column = 0; column < vector.length; column += 1)
    total += vector[column]! * vector[column]!;
  return Math.sqrt(total);
}
