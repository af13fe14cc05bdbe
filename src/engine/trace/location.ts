const ENGINE = new URL("..", import.meta.url).pathname;

/** Libraries, also where a source map shows tfjs's frames under the paths that its authors had. */
const LIBRARY = /\/node_modules\/|\/tfjs-[a-z0-9-]+\/src\//;

/**
 * File and line of the user's program in a stack: the first frame that is neither the engine's nor a library's nor
 * Node's. Null where there is none.
 */
export function userLocation(stack: string | undefined): string | null {
  for (const line of stack?.split("\n").slice(1) ?? []) {
    const place = /\(?((?:file:\/\/)?\/?[^\s()]+:\d+):\d+\)?$/.exec(line)?.[1];
    if (!place || place.startsWith("node:")) continue;
    const path = decodeURI(place.replace(/^file:\/\//, ""));
    if (path.startsWith(ENGINE) || LIBRARY.test(path)) continue;
    return path;
  }
  return null;
}
