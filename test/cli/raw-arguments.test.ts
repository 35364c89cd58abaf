import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Run, shell } from '../support/run';
import { expectClear, expectQuiet } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

/** Names that are no UTF-8, on the command line: bash makes \xff in $'...' that byte. */

const scratch = scratchAll();
const NAME = Buffer.from('a\xffb\xc3', 'latin1');
const TYPED = "$'a\\xffb\\xc3'";
const SHOWN = 'a\\xffb\\xc3';
let mount: string;
let device: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice('4g'));
  writeFileSync(Buffer.concat([Buffer.from(`${scratch.root}/`), NAME]), 'contents');
});

/** Runs a line of shell, whose `famfs` is the program, in the scratch directory. */
function run(line: string): Promise<Run> {
  return shell(`famfs() { $FAMFS "$@"; }; ${line}`, { cwd: scratch.root });
}

async function quiet(line: string): Promise<string> {
  const ended = await run(line);
  expectQuiet(ended);
  return ended.stdout;
}

function inMount(path = ''): Buffer[] {
  return readdirSync(`${mount}/${path}`, { encoding: 'buffer' });
}

test('cp copies exactly that name, and to exactly that name', async () => {
  await quiet(`famfs mkdir --no-sync ${mount}/cp && famfs cp --no-sync ${TYPED} ${mount}/cp`);
  expect(inMount('cp')).toEqual([NAME]);
  await quiet(`famfs cp --no-sync ${TYPED} ${mount}/cp/$'\\xfe'`);
  expect(inMount('cp')).toContainEqual(Buffer.of(0xfe));
  expect(await quiet(`cat ${mount}/cp/$'\\xfe'`)).toBe('contents');
});

test('cp --exclude and --include take bytes', async () => {
  put(scratch.path('filtered/other'), '');
  await quiet(`cp ${TYPED} filtered && famfs cp --no-sync -r --exclude $'*\\xff*' filtered ${mount}`);
  expect(inMount('filtered')).toEqual([Buffer.from('other')]);
});

test('mkdir and creat, and what looks at their files', async () => {
  const path = `${mount}/$'d\\xff'/$'f\\xfe'`;
  await quiet(`famfs mkdir --no-sync ${mount}/$'d\\xff'`);
  expect(await quiet(`famfs creat --no-sync -r -S 42 -s 4k ${path}`)).toContain('d\\xff/f\\xfe: ');
  await quiet(`famfs creat --no-sync --multi ${mount}/$'d\\xff'/$'g\\xfe',4k`);
  await quiet(`printf '%s,4k\\n' ${mount}/$'d\\xff'/$'h\\xfe' | famfs creat --no-sync --files-from -`);
  expect(await quiet(`famfs ls ${mount}/$'d\\xff'`)).toBe('f\\xfe\ng\\xfe\nh\\xfe\n');
  expect(await quiet(`famfs verify -S 42 -f ${path}`)).toContain('d\\xff/f\\xfe: 4.0 KiB, as seed');
  for (const verb of ['flush', 'chkread', 'getmap', 'verify -S 42 --json -f'])
    expect(await quiet(`famfs ${verb} ${path}`)).toMatch(/d\\+xff\/f\\+xfe/);
  expect(await quiet(`famfs cat ${path} | cmp - ${path}`)).toBe('');
  await quiet(`famfs digest ${path} | sha256sum --quiet -c`);
  await quiet(`famfs cat ${mount} $'d\\xff/f\\xfe' | cmp - ${path}`);
  await quiet(`famfs export ${mount} $'d\\xff/f\\xfe' $'out\\xfd' && cmp $'out\\xfd' ${path}`);
  await quiet(`famfs clone --no-sync ${path} ${mount}/$'twin\\xfc' 2>/dev/null`);
  expect(inMount()).toContainEqual(Buffer.from('twin\xfc', 'latin1'));
});

test('a device of such a name is looked at', async () => {
  const copy = "$'device\\xff.img'";
  await quiet(`truncate -s 4g ${copy} && dd status=none conv=notrunc bs=1M count=10 if=${device} of=${copy}`);
  expect(await quiet(`famfs ls ${copy} cp`)).toContain(SHOWN);
});

test('what is wrong with one is told with its bytes', async () => {
  const missing = await run("famfs cp --no-sync $'no\\xff' $'/nowhere\\xfe'");
  expectClear(missing.stderr, { says: ['/nowhere\\xfe'] });
  const json = await run(`famfs cp --no-sync --json $'no\\xff' ${mount}`);
  expect(json.json()).toMatchObject({ error: { message: expect.stringContaining('no\\xff') } });
});

test.each(["mkfs --create 4g $'new\\xff'", "fsck $'new\\xff'", "mount device $'new\\xff'"])(
  'famfs %s is refused',
  async (words) => {
    const refused = await run(`famfs ${words}`);
    expect(refused.status).toBe(2);
    expectClear(refused.stderr, { says: ['new\\xff: not UTF-8'] });
    expect(readdirSync(scratch.root).filter((name) => name.startsWith('new'))).toEqual([]);
  },
);

test('a name that holds U+FFFD itself is that name', async () => {
  put(scratch.path('\ufffd'), 'replacement');
  await quiet(`famfs cp --no-sync \ufffd ${mount}/\ufffd`);
  expect(readFileSync(`${mount}/\ufffd`, 'utf8')).toBe('replacement');
});
