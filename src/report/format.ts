/** Whole numbers with thousands separators: `10,003`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A share of 1 in percent, one decimal: `85.2 %`, with a space that does not break. */
export function percent(share: number, decimals = 1): string {
  return `${(100 * share).toFixed(decimals)}\u00a0%`;
}

/** A difference of shares in points, without a sign: `18.4 points`. */
export function points(difference: number): string {
  const shown = Math.abs(100 * difference).toFixed(1);
  return `${shown} ${shown === "1.0" ? "point" : "points"}`;
}

/** A difference of shares in points, with its sign: `+18.4`, `−0.3`. */
export function signedPoints(difference: number): string {
  const shown = Math.abs(100 * difference).toFixed(1);
  if (Number(shown) === 0) return "0.0";
  return `${difference < 0 ? "−" : "+"}${shown}`;
}

/** Bytes in decimal units, three digits: `2.45 MB`, `22.9 MB`, `812 kB`. */
export function bytes(value: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let [scaled, unit] = [value, 0];
  // 999.5 would be shown as 1000.
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(scaled) : threeDigits(scaled)} ${units[unit]!}`;
}

/** Milliseconds, three digits at most: `0.12 ms`, `1.13 ms`, `48 ms`. */
export function milliseconds(value: number): string {
  const decimals = value >= 10 ? 0 : 2;
  return `${value.toFixed(decimals)} ms`;
}

/** A ratio of at least 1: `9.4×`, `37×`. */
export function times(ratio: number): string {
  return `${ratio >= 20 ? ratio.toFixed(0) : ratio.toFixed(1)}×`;
}

/** Counts of a million or a thousand and more, three digits: `0.61 M` parameters. */
export function parameters(value: number): string {
  if (value >= 1e5) return `${threeDigits(value / 1e6)} M`;
  return count(value);
}

/** `p < 0.001`, `p = 0.034`. */
export function pValue(value: number): string {
  return value < 0.001 ? "p < 0.001" : `p = ${value.toFixed(3)}`;
}

/** Seconds for people: `0.4 s`, `48 s`, `3 min 20 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function threeDigits(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}
