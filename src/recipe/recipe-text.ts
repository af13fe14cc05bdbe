import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type YAMLError,
} from "yaml";
import { messageOf, type LimbeckError } from "../errors.ts";
import { recipeError, renderProblem, type Excerpt, type Path, type Problem } from "./problems.ts";

/** A recipe as it was written, with the places of its keys and values. */
export interface RecipeText {
  /** Plain mappings, lists, strings, numbers, booleans and nulls. */
  value: Record<string, unknown>;
  excerpt(problem: Problem): Excerpt;
  /** Whether the text itself holds this path. */
  has(path: Path): boolean;
}

/** What to do about the mistakes that people make most; the parser's own words follow for the others. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "Expected spaces before a key, got a tab. Indent with two spaces.",
  DUPLICATE_KEY: "Expected each key once, got it twice in one mapping. Remove one of the two.",
  MULTIPLE_DOCS:
    "Expected one recipe in the file, got a second one after ---. Put it in a file of its own.",
  BAD_INDENT: "Expected keys of one mapping in one column. Mend the indentation.",
  MULTILINE_IMPLICIT_KEY:
    "Expected key: value on one line. Add the colon, or mend the indentation.",
  BLOCK_AS_IMPLICIT_KEY:
    "Expected one value after the colon, got another colon. Quote the value, or start a new line.",
};

function explain(error: YAMLError): string {
  const known = EXPLANATIONS[error.code];
  if (known !== undefined) return known;
  return `Expected YAML: ${error.message.replace(/\.?$/, ".")} Mend this line; quoting a value often helps.`;
}

/** Follows an alias (`*name`) to what it stands for. */
function resolve(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** The nodes of the last key and value of a path, as far as they exist. */
function findNodes(document: Document, path: Path): { key: Node | null; value: Node | null } {
  let key: Node | null = null;
  let value: Node | null = document.contents;
  for (const step of path) {
    const parent = resolve(document, value);
    if (isMap(parent)) {
      const pair = parent.items.find(
        ({ key }) => isScalar(key) && String(key.value) === String(step),
      );
      if (pair === undefined) break;
      key = isNode(pair.key) ? pair.key : key;
      value = isNode(pair.value) ? pair.value : key;
    } else if (isSeq(parent)) {
      const item: unknown = parent.items[Number(step)];
      if (!isNode(item)) break;
      key = item;
      value = item;
    } else break;
  }
  return { key, value };
}

/** The source around an offset of the text, with its line number. */
function excerptAt(
  text: string,
  file: string,
  lines: LineCounter,
  start: number,
  end: number,
): Excerpt {
  const { line, col } = lines.linePos(Math.min(start, text.length));
  const from = lines.lineStarts[line - 1] ?? 0;
  const source = text.slice(from).split(/\r?\n/, 1)[0] ?? "";
  return {
    place: `${file}:${line}:${col}`,
    order: start,
    margin: `${String(line).padStart(4)} | `,
    line: source,
    column: col - 1,
    length: end - start,
  };
}

/** The text that an unclosed quote has swallowed: the parser reports its end, the mistake is at its start. */
function openingQuote(document: Document, end: number): number | null {
  let start: number | null = null;
  visit(document, {
    Scalar(_key, { type, range }) {
      const quoted = type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE";
      if (quoted && range && range[0] < end && range[2] >= end) start = range[0];
    },
  });
  return start;
}

function showError(
  text: string,
  file: string,
  lines: LineCounter,
  document: Document,
): LimbeckError | null {
  // One slip makes several messages further down; the first is the one to mend.
  const error = document.errors[0] ?? document.warnings[0];
  if (error === undefined) return null;
  const quote = error.code === "MISSING_CHAR" ? openingQuote(document, error.pos[0]) : null;
  if (quote !== null) {
    const message =
      "Expected a closing quote, got the end of the file. Close the quote that is opened here.";
    return recipeError(
      [renderProblem(message, excerptAt(text, file, lines, quote, quote + 1))],
      error,
    );
  }
  const [start, end] = error.pos;
  return recipeError(
    [renderProblem(explain(error), excerptAt(text, file, lines, start, end))],
    error,
  );
}

/**
 * Parses a recipe.
 *
 * @param file - what messages call it
 * @throws LimbeckError `E_RECIPE` with line, column and a caret where it is not YAML or not a mapping.
 */
export function parseRecipeText(text: string, file: string): RecipeText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const mistake = showError(text, file, lines, document);
  if (mistake !== null) throw mistake;
  if (document.contents === null) {
    throw recipeError([`${file}: Expected a recipe, got a file without any key. ${START}`]);
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (thrown) {
    const reason = messageOf(thrown).replace(/\.?$/, ".");
    throw recipeError(
      [`${file}: Expected YAML: ${reason} A value that starts with * must be quoted.`],
      thrown,
    );
  }
  const excerpt = (problem: Problem): Excerpt => {
    const { key, value } = findNodes(document, problem.path);
    const node = problem.target === "key" ? (key ?? value) : value;
    const [start, end] = node?.range ?? [0, 0];
    const collection = isMap(node) || isSeq(node);
    return excerptAt(text, file, lines, start, collection ? start + 1 : end);
  };
  if (!isMap(document.contents)) {
    const got = Array.isArray(value) ? "a list" : `the text ${JSON.stringify(value).slice(0, 60)}`;
    const message = `Expected a mapping of keys such as data and teacher, got ${got}. ${START}`;
    throw recipeError([renderProblem(message, excerpt({ path: [], target: "value", message }))]);
  }
  const has = (path: Path) => document.hasIn([...path]);
  return { value: value as Record<string, unknown>, excerpt, has };
}

const START = "Start from recipes/your-texts.yaml, or have one written: npx limbeck init FILE";
