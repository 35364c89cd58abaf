#!/usr/bin/env node
// Adds up the result files that jest's --json wrote into a directory: a line for each run, the names of what failed
// and of what was skipped, and last "N passed, N failed".
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

const [directory] = process.argv.slice(2);
let passed = 0;
let failed = 0;

for (const file of readdirSync(directory).sort()) {
  const run = basename(file, '.json');
  const text = readFileSync(join(directory, file), 'utf8');
  const counts = text === '' ? noResults(run) : summarise(run, JSON.parse(text));
  passed += counts.passed;
  failed += counts.failed;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function noResults(run) {
  console.log(`${run}: no results, which counts as one failure`);
  return { passed: 0, failed: 1 };
}

function summarise(run, results) {
  const { numFailedTests, numPassedTests, numRuntimeErrorTestSuites, numTotalTests, testResults } = results;
  if (numTotalTests === 0 && numRuntimeErrorTestSuites === 0) return noResults(run);
  // A file that could not be run has no tests to fail: the file counts as one.
  const counts = { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
  const skipped = numTotalTests - numPassedTests - numFailedTests;
  console.log(`${run}: ${counts.passed} passed, ${counts.failed} failed, ${skipped} skipped`);
  for (const suite of testResults) listTroubles(suite);
  return counts;
}

function listTroubles({ assertionResults, message, name, status }) {
  const file = relative(process.cwd(), name);
  if (status === 'failed' && assertionResults.length === 0) {
    console.log(
      `  FAILED  ${file}: could not be run: ${message.split('\n').find((line) => line.trim() !== '')}`,
    );
  }
  for (const test of assertionResults) {
    if (test.status === 'passed') continue;
    console.log(`  ${test.status === 'failed' ? 'FAILED' : 'skipped'}  ${file}: ${test.fullName}`);
  }
}
