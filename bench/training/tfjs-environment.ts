import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../src/platform/package-root.ts";

const execute = promisify(execFile);

/** Eager tfjs's backends, and the package that each comes from; `cpu` is tfjs's own. */
export const BACKENDS = {
  cpu: "@tensorflow/tfjs",
  wasm: "@tensorflow/tfjs-backend-wasm",
  tensorflow: "@tensorflow/tfjs-node",
} as const;
export type Backend = keyof typeof BACKENDS;

/** The compiled part of tfjs-node, which `limbeck doctor` builds. */
const BINDING = join("node_modules", BACKENDS.tensorflow, "lib", "napi-v8", "tfjs_binding.node");

export interface TfjsEnvironment {
  /** A package that has all of {@link BACKENDS}. */
  folder: string;
  /** Why a backend is not there, by its name. */
  missing: ReadonlyMap<Backend, string>;
}

/**
 * tfjs, its wasm backend and tfjs-node, of the version that the project uses, in a package of the bench's own,
 * `.limbeck/peers/tfjs`. What is missing is made: npm's packages, 0.4 GB on disk, and the binding of tfjs-node by
 * `limbeck doctor --build-tfjs-node`, which downloads TensorFlow's wheel, 0.3 GB, and takes 1 GB on disk.
 */
export async function ensureTfjs(note: (line: string) => void): Promise<TfjsEnvironment> {
  const folder = join(packageRoot(), ".limbeck", "peers", "tfjs");
  const missing = new Map<Backend, string>();
  const version = await versionIn(packageRoot(), BACKENDS.cpu);
  const versions = await Promise.all(
    Object.values(BACKENDS).map((name) => versionIn(folder, name)),
  );
  if (versions.some((present) => present !== version)) {
    note(`Installing ${Object.values(BACKENDS).join(", ")} ${version!} into ${folder}, once …`);
    try {
      await install(folder, version!);
    } catch (thrown) {
      return {
        folder,
        missing: missing.set("wasm", lastWords(thrown)).set("tensorflow", lastWords(thrown)),
      };
    }
  }
  if (!existsSync(join(folder, BINDING))) {
    note(`Building the binding of tfjs-node in ${folder}, once: 0.3 GB to load, 1 GB on disk …`);
    await buildBinding(folder).catch((thrown: unknown) =>
      missing.set("tensorflow", lastWords(thrown)),
    );
  }
  return { folder, missing };
}

/** The version of a package in a folder's own `node_modules`; null where it is not there. */
async function versionIn(folder: string, name: string): Promise<string | null> {
  const manifest = join(folder, "node_modules", name, "package.json");
  const text = await readFile(manifest, "utf8").catch(() => null);
  return text === null ? null : (JSON.parse(text) as { version: string }).version;
}

async function install(folder: string, version: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  const packages = Object.values(BACKENDS).map((name) => `${name}@${version}`);
  const words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact"];
  await execute("npm", [...words, ...packages], { cwd: folder });
}

async function buildBinding(folder: string): Promise<void> {
  const limbeck = join(packageRoot(), "bin", "limbeck.js");
  const words = [limbeck, "doctor", "--build-tfjs-node", "--yes"];
  await execute(process.execPath, words, { cwd: folder, maxBuffer: 1 << 26 });
}

/** The last line that a failed command wrote. */
function lastWords(thrown: unknown): string {
  const { stderr = "", message } = thrown as { stderr?: string; message: string };
  return stderr.trimEnd().split("\n").at(-1) || message;
}
