import type { SparseRows } from "./sparse-rows.ts";

/** Runs of two or more word characters, as Python's `(?u)\b\w\w+\b`: letters, digits and underscore of any script. */
const WORD = /[\p{L}\p{N}_]{2,}/gu;

/** Words and pairs of neighbouring words of a text, lower-cased, with repetitions. */
export function extractTerms(text: string): string[] {
  const words = text.toLowerCase().match(WORD) ?? [];
  const terms: string[] = [...words];
  for (let word = 1; word < words.length; word += 1)
    terms.push(`${words[word - 1]!} ${words[word]!}`);
  return terms;
}

/**
 * TF-IDF over words and pairs of words: `(1 + ln tf) · (ln((1 + n) / (1 + df)) + 1)`, rows of L2 norm 1. Equal to
 * scikit-learn's `TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)` up to the order of the columns.
 */
export class Tfidf {
  /** Column names, sorted by code unit. */
  readonly terms: readonly string[];
  /** Inverse document frequency of each term, `[F]`. */
  readonly idf: Float64Array;
  private readonly columns: ReadonlyMap<string, number>;

  constructor(terms: readonly string[], idf: Float64Array) {
    this.terms = terms;
    this.idf = idf;
    this.columns = new Map(terms.map((term, column) => [term, column]));
  }

  /**
   * Counts in how many texts each term occurs.
   *
   * @param maxTerms - where there are more, those that occur in the most texts are kept; at least 1
   */
  static fit(texts: readonly string[], maxTerms = Infinity): Tfidf {
    const frequencies = new Map<string, number>();
    for (const text of texts) {
      for (const term of new Set(extractTerms(text)))
        frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
    }
    const terms = keepCommonest(frequencies, maxTerms).sort();
    const idf = Float64Array.from(
      terms,
      (term) => Math.log((1 + texts.length) / (1 + frequencies.get(term)!)) + 1,
    );
    return new Tfidf(terms, idf);
  }

  /** One row of TF-IDF values per text; a text without a known term has an empty row. */
  transform(texts: readonly string[]): SparseRows {
    const starts = new Int32Array(texts.length + 1);
    const columns: number[] = [];
    const values: number[] = [];
    texts.forEach((text, row) => {
      const counts = this.count(text);
      let squares = 0;
      for (const [column, count] of counts) {
        const value = (1 + Math.log(count)) * this.idf[column]!;
        columns.push(column);
        values.push(value);
        squares += value * value;
      }
      const norm = Math.sqrt(squares);
      for (let entry = starts[row]!; entry < columns.length; entry += 1) values[entry]! /= norm;
      starts[row + 1] = columns.length;
    });
    return {
      width: this.terms.length,
      starts,
      columns: Int32Array.from(columns),
      values: Float64Array.from(values),
    };
  }

  private count(text: string): Map<number, number> {
    const counts = new Map<number, number>();
    for (const term of extractTerms(text)) {
      const column = this.columns.get(term);
      if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1);
    }
    return counts;
  }
}

function keepCommonest(frequencies: ReadonlyMap<string, number>, maxTerms: number): string[] {
  if (frequencies.size <= maxTerms) return [...frequencies.keys()];
  return [...frequencies]
    .sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
    .slice(0, maxTerms)
    .map(([term]) => term);
}
