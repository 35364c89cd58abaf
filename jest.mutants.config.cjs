const { projects } = require('./jest.config.cjs');

const [unit] = projects.filter(({ displayName }) => displayName === 'unit');
const { globalSetup, globalTeardown, ...alone } = unit;

/**
 * For Stryker: the unit tests of the rooms whose mutants are tried, without those that take long for being large or
 * many. None needs the second device of other tests.
 */
module.exports = {
  ...alone,
  // jest looks through these for each mutant.
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: [
    '<rootDir>/test/unit/alloc/*.test.ts',
    '<rootDir>/test/unit/log/*.test.ts',
    '<rootDir>/test/unit/operations/check*.test.ts',
  ],
  testPathIgnorePatterns: [
    '/alloc/large',
    '/log/coherence',
    '/log/takeover',
    '/log/fuzz-media',
    '/check-many',
  ],
  setupFilesAfterEnv: [...alone.setupFilesAfterEnv, '<rootDir>/test/support/short-properties.ts'],
};
