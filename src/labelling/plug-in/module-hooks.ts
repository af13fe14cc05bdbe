import { register } from "node:module";

/**
 * How a teacher module and what it imports beside it are found. `limbeck` is the very copy that runs, wherever the
 * module lies, so that its errors are ours and nothing need be installed beside a recipe; a `.ts` is an ES module also
 * where no package.json says so. A text, since the thread that it runs on knows no TypeScript.
 */
const HOOKS = `
let library;
const modules = new Set();
export function initialize(data) {
  library = data.library;
}
export async function resolve(specifier, context, next) {
  if (specifier === "limbeck" && modules.has(context.parentURL)) return next(library, context);
  const found = await next(specifier, context);
  const path = found.url.split("?")[0];
  const beside = modules.has(context.parentURL) && path.startsWith("file:") && !path.includes("/node_modules/");
  if (!beside && !found.url.includes("?limbeck-teacher=")) return found;
  if (path === library) return found;
  modules.add(found.url);
  return /\\.m?ts$/.test(path) ? { ...found, format: "module" } : found;
}
`;

const typescript = import.meta.url.endsWith(".ts");
let registered: Promise<void> | null = null;

async function registerHooks(): Promise<void> {
  // Where our own sources are TypeScript, whatever runs them runs the module too.
  if (!typescript) (await import("tsx/esm/api")).register();
  const library = new URL(typescript ? "../../index.ts" : "../../index.js", import.meta.url).href;
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, import.meta.url, {
    data: { library },
  });
}

/** Makes `import()` understand teacher modules, once per process. */
export async function enableModules(): Promise<void> {
  await (registered ??= registerHooks());
}
