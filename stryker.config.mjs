/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'jest',
  jest: { configFile: 'jest.mutants.config.cjs', enableFindRelatedTests: true },
  mutate: ['src/alloc/*.ts', 'src/log/*.ts', 'src/operations/check*.ts'],
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  incremental: true,
  incrementalFile: '.stryker/incremental.json',
  tempDirName: '.stryker/tmp',
  ignorePatterns: ['/dist', '/docs', '/bench', '/contrib', '/examples', '/.stryker', '/test/{cli,e2e,fault,golden,vm}'],
  reporters: ['progress-append-only', 'clear-text', 'json'],
  jsonReporter: { fileName: '.stryker/report.json' },
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  concurrency: 2,
  timeoutMS: 5000,
  thresholds: { high: 95, low: 85, break: 85 },
};
