#!/usr/bin/env node
// A clone runs the TypeScript through tsx, without a build step; the published package runs what was built.
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `Expected Node.js 20.19 or later, got ${process.versions.node}. Install a newer one: https://nodejs.org\n`,
  );
  process.exit(1);
}
const source = new URL("../src/cli/main.ts", import.meta.url);
if (existsSync(source)) {
  const { register } = await import("tsx/esm/api");
  register();
  const { main } = await import(source.href);
  await main(process.argv.slice(2));
} else {
  const { main } = await import("../dist/src/cli/main.js");
  await main(process.argv.slice(2));
}
