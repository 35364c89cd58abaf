import { famfs, famfsOk, shell } from '../support/run';
import { expectQuiet } from '../support/run-expect';
import { noise, put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
let device: string;
let mount: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice('4g'));
  put(scratch.path('tree/a/noise'), noise(3 * 2 ** 20 + 1));
  put(scratch.path('tree/b c'), 'text');
  put(scratch.path('tree/back\\slash'), 'odd');
  put(scratch.path('tree/empty'), '');
  await famfsOk(['cp', '-r', '--no-sync', scratch.path('tree'), mount]);
});

test('sha256sum checks what it prints, and prints the same', async () => {
  const run = await shell(`$FAMFS digest -r tree > sums && sha256sum -c --strict --quiet sums && cat sums`, {
    cwd: mount,
  });
  expect(run.status).not.toBe(0); // a mount takes no new file
  const made = await shell(
    `cd ${mount} && $FAMFS digest -r tree | tee ${scratch.path('sums')} | sha256sum -c --strict`,
  );
  expectQuiet(made);
  const same = await shell(
    `cd ${scratch.root} && sha256sum tree/a/noise 'tree/b c' 'tree/back\\slash' tree/empty | diff - sums`,
  );
  expectQuiet(same);
});

test('--device reads the paths of a device', async () => {
  const run = await shell(`cd ${scratch.root} && $FAMFS digest --device ${device} -r tree | diff - sums`);
  expectQuiet(run);
});

test('what cannot be read is named, and the rest is done', async () => {
  const run = await famfs([
    'digest',
    '--json',
    `${mount}/nope`,
    `${mount}/tree`,
    `${mount}/tree/empty`,
    scratch.root,
  ]);
  expect(run.status).toBe(3);
  expect(run.json()).toMatchObject({
    digests: [{ path: `${mount}/tree/empty`, sha256: expect.stringMatching(/^e3b0c442/) }],
    failures: [{ path: `${mount}/nope` }, { path: `${mount}/tree` }, { path: scratch.root }],
  });
});
