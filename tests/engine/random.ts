/** Seeded whole numbers (a linear congruential generator with Numerical Recipes' constants): the same in each run. */
export function randomIntegers(seed: number): (from: number, to: number) => number {
  let state = seed >>> 0;
  return (from, to) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return from + Math.floor((state / 2 ** 32) * (to - from + 1));
  };
}
