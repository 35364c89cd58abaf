import type { CheckReadResult } from '../../src/operations/check-read';
import { famfs, famfsOk } from '../support/run';
import { expectFailure, expectQuiet } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
let mount: string;

beforeAll(async () => {
  ({ mount } = await scratch.mountedDevice());
});

test('a file of a mount, of more than a mapping holds', async () => {
  const path = `${mount}/file`;
  await famfsOk(['creat', '--no-sync', '-r', '-S', '5', '-s', '70000001', path]);
  const run = await famfs(['chkread', path]);
  expectQuiet(run);
  expect(run.stdout).toBe(`${path}: 66.8 MiB, the same by read and by mapping\n`);
});

test('an empty file, and one elsewhere', async () => {
  await famfsOk(['creat', '--no-sync', '-s', '0', `${mount}/empty`]);
  expectQuiet(await famfs(['chkread', `${mount}/empty`]));
  expectQuiet(await famfs(['chkread', put(scratch.path('plain'), 'x')]));
});

test('-s and -l check the superblock and the header of the log', async () => {
  expectQuiet(await famfs(['chkread', '-s', `${mount}/.meta/.superblock`]));
  const run = await famfs(['chkread', '-l', '--json', `${mount}/.meta/.log`]);
  expectQuiet(run);
  expect(run.json<CheckReadResult>()).toMatchObject({ bytes: 8 * 2 ** 20, problems: [] });
});

test.each([
  ['-s', '.log', 'sb-magic'],
  ['-l', '.superblock', 'log-magic'],
])('%s of %s finds what is wrong', async (flag, name, code) => {
  const run = await famfs(['chkread', '--json', flag, `${mount}/.meta/${name}`]);
  expect(run.status).toBe(1);
  const { problems } = run.json<CheckReadResult>();
  expect(problems[0]).toContain(code);
  expect(run.stderr).toContain(code);
});

test('what is no file', async () => {
  const missing = `${mount}/missing`;
  await expectFailure(['chkread', missing], { status: 1, code: 'source', says: [missing, 'ENOENT'] });
  await expectFailure(['chkread', mount], { status: 1, code: 'source', says: [mount, 'regular'] });
  await expectFailure(['chkread'], { status: 2, code: 'usage', says: ['FILE'] });
  await expectFailure(['chkread', '-s', '-l', mount], { status: 2, code: 'usage', says: ['--log'] });
});
