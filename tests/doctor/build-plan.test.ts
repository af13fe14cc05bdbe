import { describe, expect, it } from "vitest";
import { formatCommand, formatPlan } from "../../src/cli/doctor-plan.ts";
import { planBuild } from "../../src/doctor/build-plan.ts";
import { FACTS } from "./fake-build.ts";

const BINDINGS = "/app/node_modules/@tensorflow/tfjs-node/lib/napi-v8";
const LIBRARIES = "/app/node_modules/@tensorflow/tfjs-node/deps/tensorflow-3";

describe("the plan of a build", () => {
  const plan = planBuild(FACTS);
  const commands = plan.steps.map(formatCommand);

  it("never writes to the present binding: all goes to names of its own", () => {
    expect(plan.binding).toBe(`${BINDINGS}/tfjs_binding.node`);
    expect(plan.unproven).toBe(`${BINDINGS}/unproven-3.node`);
    expect(plan.libraries).toBe(LIBRARIES);
    for (const command of commands) expect(command).not.toContain("tfjs_binding.node");
  });

  it("downloads TensorFlow alone, into the cache", () => {
    expect(commands[1]).toBe(
      "/app/.limbeck/tensorflow/venv/bin/python -m pip --disable-pip-version-check download --no-deps " +
        "--dest /app/.limbeck/tensorflow/wheels tensorflow-cpu",
    );
  });

  it("links against the libraries where they lie, and finds them from where the binding lies", () => {
    const compile = commands[3]!;
    expect(compile.startsWith("cd /app/node_modules/@tensorflow/tfjs-node && g++ ")).toBe(true);
    expect(compile).toContain(`-L${LIBRARIES}/tensorflow -l:libtensorflow_cc.so.2`);
    expect(compile).toContain("-I/opt/node/include/node");
    // From lib/napi-v8 two folders up; quoted, or a shell would take $ORIGIN for a variable.
    expect(compile).toContain("'-Wl,-rpath,$ORIGIN/../../deps/tensorflow-3/tensorflow'");
    expect(compile.endsWith(`-o ${BINDINGS}/unproven-3.node`)).toBe(true);
  });

  it("for a GPU downloads NVIDIA's libraries too, apart from the others", () => {
    const command = formatCommand(planBuild({ ...FACTS, gpu: true }).steps[1]!);
    expect(command).toContain("--only-binary=:all: --dest /app/.limbeck/tensorflow/wheels-gpu");
    expect(command).toContain('"tensorflow[and-cuda]"');
    expect(command).not.toContain("--no-deps");
  });

  it("is shown in full: every command, the download, the folders, what stays", () => {
    const text = formatPlan(plan);
    const flat = text.replaceAll("\n   ", "\n");
    for (const command of commands) expect(flat).toContain(command);
    expect(text).toContain("downloads  tensorflow-cpu, about 270 MB");
    expect(text).toContain("/app/.limbeck/tensorflow");
    expect(text).toContain(`${LIBRARIES} (850 MB)`);
    expect(text).toMatch(/5\. multiply two matrices with .*unproven-3\.node; .* rename it to /);
    expect(text.trimEnd().split("\n").at(-1)).toContain("present binding stays in place");
  });
});
