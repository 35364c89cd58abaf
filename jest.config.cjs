const transform = {
  '^.+\\.[cm]?[jt]s$': [
    '@swc/jest',
    { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
  ],
};
const project = (name, timeoutSeconds) => ({
  displayName: name,
  rootDir: __dirname,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  // Where Stryker has a copy of all that is here.
  modulePathIgnorePatterns: ['<rootDir>/.stryker/'],
  testEnvironment: 'node',
  transform,
  // chalk, ora and what they import are published as ES modules only.
  transformIgnorePatterns: [
    'node_modules/(?!(chalk|ora|yoctocolors|cli-cursor|restore-cursor|stdin-discarder|log-symbols|is-unicode-supported|is-interactive|string-width|strip-ansi|ansi-regex|get-east-asian-width|onetime|mimic-function|cli-spinners)/)',
  ],
  // jest heeds testTimeout for all projects together only.
  globals: { TEST_TIMEOUT_MS: timeoutSeconds * 1000 },
  globalSetup: '<rootDir>/test/support/second-device.ts',
  globalTeardown: '<rootDir>/test/support/second-device-end.ts',
  setupFilesAfterEnv: ['<rootDir>/test/support/timeout.ts'],
});

module.exports = {
  projects: [
    project('unit', 60),
    project('golden', 120),
    project('cli', 120),
    project('e2e', 300),
    project('fault', 900),
    project('vm', 600),
  ],
};
