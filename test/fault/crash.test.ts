import { DEFECTS } from '../support/crash-defects';
import { OPERATION_NAMES, record } from '../support/crash-operations';
import type { Recording } from '../support/crash-recording';
import { tryCrashes } from '../support/crash-run';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
const recordings = new Map<string, Recording>();
const bounds = { perStretch: 30, seed: 1 };

async function recorded(name: string): Promise<Recording> {
  const recording = recordings.get(name) ?? (await record(name, scratch.root));
  recordings.set(name, recording);
  return recording;
}

/** scripts/crash-states tries more of them. */
test.each(OPERATION_NAMES)('a crash during %s loses nothing that was promised', async (name) => {
  const recording = await recorded(name);
  const tally = await tryCrashes(recording, { ...bounds, mounts: 2 });
  expect(tally.whole).toBeGreaterThan(2);
  expect(tally.mounted).toBeGreaterThan(0);
  if (recording.isFormat) expect(tally['no-file-system']).toBeGreaterThan(2);
});

test.each(DEFECTS)('in $of it would be found: $name', async ({ edit, found, of }) => {
  const recording = await recorded(of);
  const wrong = { ...recording, events: edit(recording.events) };
  await expect(tryCrashes(wrong, bounds)).rejects.toThrow(found);
});
