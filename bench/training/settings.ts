import { availableParallelism } from "node:os";
import type { Mode } from "./protocol.ts";

/** Ways to use several cores for one training. */
export const MODES: Readonly<Record<string, (cores: number) => Mode>> = {
  shards: (cores) => ({ shards: cores, workers: cores }),
  threads: (cores) => ({ threads: cores }),
};

/** What a measurement needs to know. */
export interface Settings {
  python: string;
  /** A temporary folder for weights and texts. */
  folder: string;
  /** Names of {@link MODES}: all are tried, and the fastest one's time is the row's. */
  modes: readonly string[];
  cores: number;
  repeats: number;
  /** A TSV file of sentences with a column `text`. */
  texts: string;
  profile: boolean;
  note: (line: string) => void;
}

export interface BenchParameters {
  only: readonly string[] | null;
  modes: readonly string[];
  cores: number;
  repeats: number;
  python: string | null;
  texts: string | null;
  plot: boolean;
  profile: boolean;
  json: boolean;
}

const FLAGS = ["plot", "profile", "json"];
const VALUES = ["only", "mode", "cores", "repeats", "python", "texts"];

/**
 * Reads `--only=NAME,… --mode=NAME,… --cores=N --repeats=N --python=PATH --texts=FILE --plot --profile --json`.
 *
 * @throws Error naming an unknown option or mode.
 */
export function readParameters(parameters: readonly string[]): BenchParameters {
  const given = new Map<string, string>();
  for (const parameter of parameters) {
    const [, name, value] = /^--([a-z]+)(?:=(.+))?$/.exec(parameter) ?? [];
    const known = name !== undefined && (value === undefined ? FLAGS : VALUES).includes(name);
    if (!known) {
      const options = [...VALUES.map((option) => `--${option}=…`), ...FLAGS.map((f) => `--${f}`)];
      throw new Error(`Expected ${options.join(" ")}, got ${parameter}.`);
    }
    given.set(name, value ?? "");
  }
  const modes = given.get("mode")?.split(",") ?? Object.keys(MODES);
  const unknown = modes.find((mode) => !(mode in MODES));
  if (unknown !== undefined)
    throw new Error(`Expected --mode=${Object.keys(MODES).join(",")}, got ${unknown}.`);
  return {
    only: given.get("only")?.split(",") ?? null,
    modes,
    // The limits are those of two cores.
    cores: Number(given.get("cores") ?? Math.min(2, availableParallelism())),
    repeats: Number(given.get("repeats") ?? 7),
    python: given.get("python") ?? null,
    texts: given.get("texts") ?? null,
    plot: given.has("plot"),
    profile: given.has("profile"),
    json: given.has("json"),
  };
}
