import { join } from 'node:path';
import { MountFuzzer } from '../support/fuzz-media-mount';
import { VerbsFuzzer } from '../support/fuzz-media-verbs';

/** scripts/fuzz-media makes more of them. */
const MOUNTS = 12;
const VERBS = 300;

test('a mount of a damaged device shows what the format says, and bytes of no other file', async () => {
  const fuzzer = new MountFuzzer(join(__dirname, '../../dist/server.cjs'), 1);
  try {
    for (let i = 0; i < MOUNTS; i++) await fuzzer.run(i);
  } finally {
    fuzzer.close();
  }
  expect(fuzzer.mounted).toBeGreaterThan(MOUNTS / 2);
  expect(fuzzer.findings).toBeGreaterThan(MOUNTS);
});

test('fsck, ls, map, df and log dump of a damaged device agree with the format', async () => {
  const fuzzer = new VerbsFuzzer(1);
  try {
    for (let i = 0; i < VERBS; i++) await fuzzer.run(i);
  } finally {
    fuzzer.close();
  }
  expect(fuzzer.findings).toBeGreaterThan(VERBS);
});
