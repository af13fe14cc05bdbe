import { join } from "node:path";
import type { Command } from "./commands.ts";

/** What the plan depends on: where things lie on this machine. Paths are absolute. */
export interface BuildFacts {
  gpu: boolean;
  /** The installed `@tensorflow/tfjs-node` or `-gpu`. */
  packageFolder: string;
  /** Where downloads are kept for the next time. */
  cacheFolder: string;
  /** A folder with Node's `node_api.h`. */
  headers: string;
  /** A number that no earlier build in `packageFolder/deps` has. */
  build: number;
}

export interface BuildStep {
  title: string;
  command: Command;
}

export interface BuildPlan extends BuildFacts {
  /** The requirement that pip downloads. */
  requirement: string;
  /** Where TensorFlow's libraries go. */
  libraries: string;
  /** The binding as it is built, and where it goes once it has proved itself. */
  unproven: string;
  binding: string;
  steps: readonly BuildStep[];
}

/**
 * Unpacks the wheels of a folder as far as they are needed: TensorFlow's two libraries and its C headers, and NVIDIA's
 * libraries. Of several TensorFlow wheels it takes the one that was downloaded last.
 */
const UNPACK = `import glob, os, re, sys, zipfile
wheels, folder = sys.argv[1:]
newest = max(glob.glob(wheels + "/tensorflow*.whl"), key=os.path.getmtime)
needed = re.compile(r"tensorflow/libtensorflow_(cc|framework)[.]so[.]2$|tensorflow/include/(tensorflow|tsl|xla)/.*[.]h$|nvidia/.*[.]so")
for wheel in [newest] + glob.glob(wheels + "/nvidia_*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, filter(needed.match, archive.namelist()))
print(os.path.basename(newest))`;

/** N-API's version that tfjs-node 4.22 looks for its binding under. */
const NAPI = 8;

/** The commands that build the binding, in their order; none of them touches the present one. */
export function planBuild(facts: BuildFacts): BuildPlan {
  const { gpu, packageFolder, cacheFolder, build } = facts;
  const name = `tensorflow-${build}`;
  const libraries = join(packageFolder, "deps", name);
  const bindings = join(packageFolder, "lib", `napi-v${NAPI}`);
  const places = {
    requirement: gpu ? "tensorflow[and-cuda]" : "tensorflow-cpu",
    libraries,
    unproven: join(bindings, `unproven-${build}.node`),
    binding: join(bindings, "tfjs_binding.node"),
  };
  const environment = join(cacheFolder, "venv");
  const python = join(environment, "bin", "python");
  const wheels = join(cacheFolder, gpu ? "wheels-gpu" : "wheels");
  const steps: BuildStep[] = [
    {
      title: "make a Python environment, for its pip",
      command: { program: "python3", words: ["-m", "venv", environment] },
    },
    {
      title: `download ${places.requirement}`,
      command: { program: python, words: [...pipWords(gpu), wheels, places.requirement] },
    },
    {
      title: "unpack its libraries and headers",
      command: { program: python, words: ["-c", UNPACK, wheels, libraries] },
    },
    {
      title: "compile the binding",
      command: compiler({ ...facts, ...places, name }),
    },
  ];
  return { ...facts, ...places, steps };
}

function pipWords(gpu: boolean): string[] {
  const words = ["-m", "pip", "--disable-pip-version-check", "download"];
  // tensorflow-cpu needs Python packages only to be used from Python; NVIDIA's libraries are such packages too.
  return [...words, gpu ? "--only-binary=:all:" : "--no-deps", "--dest"];
}

function compiler({
  packageFolder,
  headers,
  libraries,
  unproven,
  name,
}: BuildFacts & { libraries: string; unproven: string; name: string }): Command {
  const folder = join(libraries, "tensorflow");
  return {
    program: "g++",
    words: [
      ...["-O2", "-shared", "-fPIC", "-std=c++17", `-DNAPI_VERSION=${NAPI}`],
      ...["-I..", `-I${join(folder, "include")}`, `-I${headers}`],
      ...["binding/tfjs_backend.cc", "binding/tfjs_binding.cc"],
      ...[`-L${folder}`, "-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"],
      // The binding finds the libraries from where it lies; they find NVIDIA's in the same way.
      `-Wl,-rpath,$ORIGIN/../../deps/${name}/tensorflow`,
      ...["-o", unproven],
    ],
    folder: packageFolder,
  };
}
