/** The limit for a test of the project, which jest.config.cjs sets: for what hangs, never a subject. */
declare const TEST_TIMEOUT_MS: number;

jest.setTimeout(TEST_TIMEOUT_MS);
