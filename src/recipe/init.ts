// `limbeck init FILE`: looks at a user's own texts and writes the recipe for them.
export type { LabelBudget } from "./init/budget.ts";
export { inspect, type Inspection } from "./init/inspect.ts";
export { describeInspection, recipeFor } from "./init/write-recipe.ts";
