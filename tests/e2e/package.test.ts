// The packed tarball in an empty project: types, library, command line, without the clone's sources.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeBankingCut } from "../helpers/banking-cut.ts";
import { limbeck, packageFolder } from "../helpers/command-line.ts";

const execute = promisify(execFile);
let project: string;
let installed: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "limbeck-package-"));
  installed = join(project, "node_modules", "limbeck");
  await mkdir(installed, { recursive: true });
  await execute("npm", ["run", "build"], { cwd: packageFolder });
  const { stdout } = await execute("npm", ["pack", "--silent", "--pack-destination", project], {
    cwd: packageFolder,
  });
  await execute("tar", [
    "-xzf",
    join(project, stdout.trim()),
    "--strip-components=1",
    "-C",
    installed,
  ]);
  // The dependencies as npm would install them, without the network: links to the clone's own.
  for (const name of await readdir(join(packageFolder, "node_modules"))) {
    if (!name.startsWith(".")) {
      await symlink(join(packageFolder, "node_modules", name), join(project, "node_modules", name));
    }
  }
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({ name: "empty", private: true, type: "module" }),
  );
  await writeBankingCut(project, 4);
});

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

const recipe = `name: small
data: { source: { train: train.tsv, test: test.tsv }, labelled: { perClass: 10 } }
teacher: { kind: encoder-head, model: teachers/minilm-l6-v2 }
student: { kind: bilstm, hidden: 32, embedding: { size: 32 } }
train: { epochs: 6, seeds: 1 }
controls: [linear, majority]
`;

const program = `import { loadRecipe, openBundle, run, type ProgressEvent, type RunResult } from "limbeck";

const events: ProgressEvent[] = [];
const loaded = await loadRecipe("small.yaml", { set: ["train.epochs=8"] });
const result: RunResult = await run(loaded.recipe, {
  recipeFolder: loaded.folder,
  signal: new AbortController().signal,
  report: (event) => events.push(event),
});
const bundle = await openBundle(\`\${result.folder}/export/bilstm\`);
const [answer] = await bundle.classify(["my card was swallowed"]);
await bundle.close();
console.log(JSON.stringify({ stages: result.stages.map(({ stage }) => stage), events: events.length, answer }));
`;

describe("the packed tarball in an empty project", () => {
  it("type-checks a program that uses it", async () => {
    await writeFile(join(project, "main.ts"), program);
    await writeFile(
      join(project, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          module: "nodenext",
          target: "es2022",
          strict: true,
          types: ["node"],
          skipLibCheck: false,
          outDir: "out",
        },
        files: ["main.ts"],
      }),
    );
    const compiler = join(packageFolder, "node_modules/typescript/bin/tsc");
    const { stdout } = await execute(process.execPath, [compiler], { cwd: project }).catch(
      (thrown: unknown) => thrown as { stdout: string },
    );
    // TensorFlow.js's own declarations do not pass this check; ours and the program must.
    const ours = stdout
      .split("\n")
      .filter((line) => /^(main\.ts|node_modules\/limbeck\/)/.test(line));
    expect(ours).toEqual([]);
  });

  it("distils through the library, with typed events", async () => {
    await writeFile(join(project, "small.yaml"), recipe);
    const { stdout } = await execute(process.execPath, ["out/main.js"], { cwd: project });
    const printed = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as {
      stages: string[];
      events: number;
      answer: { label: string; probability: number };
    };
    expect(printed.stages).toHaveLength(6);
    expect(printed.events).toBeGreaterThan(12);
    expect(printed.answer.probability).toBeGreaterThan(0.25);
  });

  it("runs the command line from built files", async () => {
    const script = join(installed, "bin", "limbeck.js");
    const again = await limbeck(["run", "small.yaml", "--set", "train.epochs=8"], {
      folder: project,
      script,
    });
    expect(again.stderr).toContain("unchanged");
    expect(again.code).toBe(0);
    const answer = await limbeck(["predict", "runs/small/export/bilstm", "my card was swallowed"], {
      folder: project,
      script,
    });
    expect(answer.code).toBe(0);
  });
});
