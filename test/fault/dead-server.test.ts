import { command, famfs, famfsOk } from '../support/run';
import { expectClear, expectFailure } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';
import { statusOf, until } from '../support/run-server';

const scratch = scratchAll();
let mount: string;

beforeAll(async () => {
  ({ mount } = await scratch.mountedDevice('4g'));
  await famfsOk(['creat', '--no-sync', '-s', '4k', `${mount}/file`]);
  process.kill((await statusOf(mount)).pid, 'SIGKILL');
  await until('the server is gone', async () => (await command('stat', [mount])).status !== 0);
  put(scratch.path('source'), 'x');
});

test.each([
  ['status', []],
  ['check', []],
  ['logplay', []],
  ['device add', ['SOURCE']],
  ['device ls', []],
  ['owner', []],
  ['info', []],
  ['df', []],
  ['ls', []],
  ['map', []],
  ['flush', [], '/file'],
  ['chkread', [], '/file'],
  ['getmap', [], '/file'],
  ['mkdir', [], '/new'],
  ['creat', ['-s', '1'], '/new'],
])('%s of a mount whose server is dead says so', async (verb, more, inside = '') => {
  const args = more.map((arg) => (arg === 'SOURCE' ? scratch.path('source') : arg));
  await expectFailure([...verb.split(' '), `${mount}${inside}`, ...args], {
    status: 1,
    code: 'no-server',
    says: [mount, 'its server is dead'],
    hint: `famfs umount ${mount}`,
  });
});

test('so do cp, fsck, cat and digest', async () => {
  const failure = { code: 'no-server', says: [mount, 'its server is dead'], hint: 'famfs umount' } as const;
  await expectFailure(['cp', scratch.path('source'), `${mount}/new`], { ...failure, status: 1 });
  await expectFailure(['fsck', mount], { ...failure, status: 8 });
  const cat = await famfs(['cat', `${mount}/file`]);
  expect(cat.status).toBe(1);
  expectClear(cat.stderr, failure);
  const digest = await famfs(['digest', `${mount}/file`]);
  expect(digest.status).toBe(3);
  expect(digest.stderr).toContain(`${mount}: its server is dead`);
});
