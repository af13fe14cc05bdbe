// The layering, from the bottom up:
//   engine (leaves with us none of its imports) · errors, types, math, losses, platform, formats, fitting (one run)
//   texts, tokenizer, labels, recipe · training, evaluation, bundle, report · stages · run, index · cli
const plugins = "^(teachers|students|datasets)/";
const foundations =
  "src/(types\\.ts|types/|errors\\.ts|math/|losses/|engine/|platform/|formats/|tokenizer/|words/|fitting/)";
const shared = "src/(texts|labels)/";

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "engine-stands-alone",
      comment: "src/engine could leave as its own package: it imports nothing of Limbeck.",
      severity: "error",
      from: { path: "^src/engine/" },
      to: { path: "^(src|teachers|students|datasets)/", pathNot: "^src/engine/" },
    },
    {
      name: "plugins-are-leaves",
      comment:
        "A plug-in imports foundations, what plug-ins share, and its own folder's helper files.",
      severity: "error",
      from: { path: plugins },
      to: {
        path: "^(src|teachers|students|datasets)/",
        pathNot: `^($1/|${foundations}|${shared})`,
      },
    },
    {
      name: "only-registry-knows-plugins",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/registry\\.ts$" },
      to: { path: plugins },
    },
    {
      name: "foundation-imports-only-itself",
      severity: "error",
      from: { path: `^${foundations}` },
      to: { path: "^src/", pathNot: `^${foundations}` },
    },
    {
      name: "stages-meet-on-disk",
      severity: "error",
      from: { path: "^src/stages/([^/]+)" },
      to: { path: "^src/stages/", pathNot: "^src/stages/($1|stage\\.ts|manifest\\.ts)" },
    },
    {
      name: "nothing-imports-the-command-line",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/cli/" },
      to: { path: "^src/cli/" },
    },
    {
      name: "transformers-js-in-teachers",
      severity: "error",
      from: { path: "^(src|students|datasets)/" },
      to: { path: "@huggingface/transformers" },
    },
    {
      name: "onnxruntime-in-engine-and-bundle",
      severity: "error",
      from: { path: "^(src|students|datasets)/", pathNot: "^src/(engine|bundle)/" },
      to: { path: "node_modules/onnxruntime" },
    },
    {
      name: "tfjs-in-students-and-training",
      severity: "error",
      from: {
        path: "^(src|teachers|datasets)/",
        pathNot: "^src/(engine|losses|math|training)/|^src/types/student\\.ts$",
      },
      to: { path: "@tensorflow/" },
    },
    {
      name: "tfjs-is-required",
      comment:
        "An import of tfjs costs every start 0.2 s: src/engine/tfjs.ts has it at a third of that.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "@tensorflow/", dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".js"] },
    doNotFollow: { path: "node_modules" },
  },
};
