import { OPERATION_NAMES, record } from '../support/crash-operations';
import { tryCrashes } from '../support/crash-run';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();

/** scripts/crash-states tries more of them. */
test.each(OPERATION_NAMES)('a crash during %s loses nothing that was promised', async (name) => {
  const recording = await record(name, scratch.root);
  const tally = await tryCrashes(recording, { perStretch: 40, seed: 1 });
  expect(tally.whole).toBeGreaterThan(2);
  if (recording.isFormat) expect(tally['no-file-system']).toBeGreaterThan(2);
});
