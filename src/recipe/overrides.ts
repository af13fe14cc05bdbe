import { parseDocument } from "yaml";
import { LimbeckError } from "../errors.ts";
import { pathName, type Excerpt, type Path, type Problem } from "./problems.ts";

/** One `--set a.b=value`. */
export interface Override {
  flag: string;
  path: Path;
  value: unknown;
}

/** YAML, so that 5, true, [1, 2] and {perClass: 10} mean what they mean in the file; what starts like *.csv is text. */
function parseValue(text: string, flag: string): unknown {
  if (/^[*&!%@`]/.test(text)) return text;
  const document = parseDocument(text, { prettyErrors: false });
  const error = document.errors[0];
  if (error !== undefined) {
    throw new LimbeckError(
      "E_USAGE",
      `${flag}: Expected a YAML value after =, got ${JSON.stringify(text)}: ${error.message}. Quote it.`,
    );
  }
  return document.toJS() as unknown;
}

/**
 * Reads the text after `--set`.
 *
 * @throws LimbeckError `E_USAGE` where it is not `KEY=VALUE`.
 */
export function parseOverride(text: string): Override {
  const flag = `--set ${text}`;
  const equals = text.indexOf("=");
  const key = text.slice(0, equals).trim();
  const path = key.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  if (equals < 1 || path.includes("")) {
    throw new LimbeckError(
      "E_USAGE",
      `${flag}: Expected KEY=VALUE, got ${JSON.stringify(text)}. Write for example --set train.epochs=5.`,
    );
  }
  return { flag, path, value: parseValue(text.slice(equals + 1).trim(), flag) };
}

function problemOf(path: Path, message: string): Problem {
  return { path, target: "key", message };
}

/** Own properties only, whatever the key is called. */
function define(container: object, key: string | number, value: unknown): void {
  Object.defineProperty(container, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** The mapping or list below `step`; made where there is none or only a single value, as `labelled: all`. */
function descend(container: object, step: string | number): object {
  const existing: unknown = Object.hasOwn(container, step)
    ? (container as Record<string | number, unknown>)[step]
    : undefined;
  if (typeof existing === "object" && existing !== null) return existing;
  const made = {};
  define(container, step, made);
  return made;
}

/**
 * Puts the value into the recipe.
 *
 * @returns what is wrong with the path, or null.
 */
export function applyOverride(recipe: Record<string, unknown>, override: Override): Problem | null {
  let container: object = recipe;
  for (const [depth, step] of override.path.entries()) {
    const here = override.path.slice(0, depth);
    if (Array.isArray(container)) {
      const length = container.length;
      if (typeof step === "string") {
        const example = [...here, 0, ...override.path.slice(depth)];
        return problemOf(
          override.path,
          `Expected an index, since ${pathName(here)} is a list of ${length}, got "${step}". ` +
            `Write for example ${pathName(example)}.`,
        );
      }
      if (step > length) {
        return problemOf(
          override.path,
          `Expected an index from 0 to ${length} in ${pathName(here)} (${length} adds one), got ${step}.`,
        );
      }
    }
    if (depth === override.path.length - 1) define(container, step, override.value);
    else container = descend(container, step);
  }
  return null;
}

function startsWith(long: Path, short: Path): boolean {
  return short.every((step, depth) => String(long[depth]) === String(step));
}

/**
 * The flag that the value at a path came from: the last one that set it or something around it, or, where the recipe
 * itself has no such key, something inside it.
 */
export function findOverride(
  overrides: readonly Override[],
  path: Path,
  inText: boolean,
): Override | null {
  const around = overrides.findLast((override) => startsWith(path, override.path));
  if (around !== undefined || inText) return around ?? null;
  return overrides.findLast((override) => startsWith(override.path, path)) ?? null;
}

/** The flag with a caret below the key that is meant, or below the value. */
export function overrideExcerpt(override: Override, path: Path, target: "key" | "value"): Excerpt {
  const { flag } = override;
  const equals = flag.indexOf("=");
  const start = "--set ".length;
  // After everything in the file, in the order of the command line as far as sorting is stable.
  const common = { place: "--set", order: Infinity, margin: "", line: flag };
  const inside = path.length > override.path.length;
  if (inside || (target === "value" && path.length === override.path.length)) {
    const length = flag.length - equals - 1;
    return { ...common, column: equals + 1, length };
  }
  const before = override.path.slice(0, path.length - 1).join(".").length;
  const column = start + (path.length > 1 ? before + 1 : 0);
  return { ...common, column, length: String(path.at(-1)).length };
}
