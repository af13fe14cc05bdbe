import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

export default defineConfig([
  globalIgnores(["dist/", ".limbeck/", "coverage/", "runs/", "tests/fixtures/"]),
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["*.js", "*.cjs", "bin/*.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
  {
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // A `!` in numeric inner loops says that the index is in range; a check there would cost time.
      "@typescript-eslint/no-non-null-assertion": "off",
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "no-console": "error",
    },
  },
  {
    // process and console belong to the command line; the platform module knows the operating system.
    files: ["src/**/*.ts", "teachers/**/*.ts", "students/**/*.ts", "datasets/**/*.ts"],
    ignores: ["src/cli/**", "src/platform/**", "src/**/*-worker.ts"],
    rules: { "no-restricted-globals": ["error", "console", "process"] },
  },
  { files: ["src/cli/**/*.ts", "bench/**/*.ts"], rules: { "no-console": "off" } },
  {
    files: ["**/*.js", "**/*.cjs"],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: { globals: { module: "writable", process: "readonly", URL: "readonly" } },
  },
]);
