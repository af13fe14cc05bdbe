// Adds up the counts of vitest's JSON reports and prints the closing line. Skipped tests and failed steps outside the
// test suites count as failures, so that nothing passes by not running.
import { existsSync, readFileSync } from "node:fs";

const [failedSteps, ...reports] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const path of reports) {
  if (!existsSync(path)) {
    process.stdout.write(`no report: ${path}\n`);
    failed += 1;
    continue;
  }
  const report = JSON.parse(readFileSync(path, "utf8"));
  const skipped = report.numPendingTests + report.numTodoTests;
  if (skipped > 0) process.stdout.write(`${skipped} skipped in ${path}\n`);
  passed += report.numPassedTests;
  failed += report.numFailedTests + skipped;
  // A file that cannot be loaded fails without any test.
  for (const file of report.testResults) {
    if (file.status === "failed" && file.assertionResults.length === 0) failed += 1;
  }
}
if (failed === 0) failed += Number(failedSteps);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
