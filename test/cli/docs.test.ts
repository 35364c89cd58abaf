import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Run, type RunOptions, shell } from '../support/run';
import { put } from '../support/run-files';
import { type Scratch, scratchAll, scratchEach } from '../support/run-scratch';

/** Everything that the documentation and the help show as a command is run here: see docs/TESTING.md. */

const ROOT = join(__dirname, '../..');
const SHOWN_DIRECTORY = '/tmp/demo';
const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => join('docs', name))].filter(
  (page) => page.endsWith('.md'),
);

interface ShownCommand {
  readonly line: string;
  readonly output: string;
  /** In a block marked `refused`, where commands are to fail. */
  readonly refused: boolean;
}

/** The commands of a page's console blocks, in order, with the output that the page shows. */
function commandsOf(page: string): ShownCommand[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```console(?<mark>.*)\n(?<body>[\s\S]*?)^```$/gm)].flatMap((block) => {
    const { mark = '', body = '' } = block.groups ?? {};
    return body
      .split(/^\$ /m)
      .slice(1)
      .map((command) => {
        const [line = '', ...output] = command.split('\n');
        return { line, output: output.join('\n'), refused: mark.trim() === 'refused' };
      });
  });
}

/** Runs a line as a user's shell in `scratch` would: bin/ on the path, standard error in its place in the output. */
function type(line: string, scratch: Scratch, options: RunOptions = {}): Promise<Run> {
  const env = {
    PATH: `${join(ROOT, 'bin')}:${process.env.PATH}`,
    LC_ALL: 'C',
    NO_COLOR: '1',
    FAMFS_DEVICES: '',
  };
  return shell(`exec 2>&1\n${line}`, { cwd: scratch.root, env, ...options });
}

/** Output without what differs from run to run. */
function steady(output: string, directory = SHOWN_DIRECTORY): string {
  return output
    .replaceAll(directory, SHOWN_DIRECTORY)
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/ in [\d.]+ m?s \([\d.]+ [KMG]?i?B\/s\)/g, ' in TIME');
}

/** Matches output against what is shown, where a line `...` stands for any lines. */
function expectShown(output: string, shown: string): void {
  if (!/^\.\.\.$/m.test(shown)) expect(output).toBe(shown);
  else {
    const literal = shown.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    expect(output).toMatch(new RegExp(`^${literal.replace(/^\\\.\\\.\\\.\n/gm, '(?:.*\\n)*?')}$`));
  }
}

describe.each(pages.filter((page) => commandsOf(page).length > 0))('%s', (page) => {
  const scratch = scratchAll();

  test.each(commandsOf(page))('$ $line', async ({ line, output, refused }) => {
    const run = await type(line, scratch);
    expectShown(steady(run.stdout, scratch.root), steady(output));
    expect(run.status === 0).toBe(!refused);
  });
});

interface Manifest {
  readonly commands: Readonly<Record<string, { id: string; examples?: readonly string[] }>>;
}

/** The examples in the verbs' help, which docs/cli shows. */
function examples(): string[] {
  const { commands } = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as Manifest;
  return Object.values(commands).flatMap(({ examples: lines = [] }) =>
    lines.map((line) => line.replaceAll('<%= config.bin %>', 'famfs')),
  );
}

describe('examples in the help', () => {
  const scratch = scratchEach();
  const DEVICE_SIZE = '16g';

  /** Examples that read data.parquet of a file system. */
  const READS_A_FILE = /^famfs (cat|clone|digest|export|getmap) /;

  /** Puts data.parquet into a file system, which is mounted already or is mounted for that alone. */
  function fillSteps(device: string, mounted: boolean): string[] {
    const copy = 'famfs cp --no-sync data.parquet mnt';
    if (mounted) return [copy];
    return [`famfs mount --no-sync --log-file server.log ${device} mnt`, copy, 'famfs umount mnt'];
  }

  /** An example on files of the test instead of real places. */
  function onScratch(example: string): string {
    return example
      .replace(/^mount -t famfs/, 'mount.famfs') // as mount(8) calls it, where the links are installed
      .replaceAll('/dev/dax0.0', 'dax.img')
      .replace(/\/dev\/(dax[12])\.0/g, '$1.img')
      .replace(/\/tmp\/(first|second|third)\.img/g, '$1.img')
      .replaceAll('/tmp/device.img', 'device.img')
      .replaceAll('/mnt/famfs', 'mnt');
  }

  /** What an example needs: sources, devices (blank ones for mkfs), and a mount for verbs that work on one. */
  async function prepare(example: string): Promise<void> {
    put(scratch.path('data.parquet'), 'a table');
    put(scratch.path('dataset/part 1/rows'), 'rows');
    put(scratch.path('dataset/empty'), '');
    scratch.directory('mnt');
    const device = example.includes('/tmp/device.img') ? 'device.img' : 'dax.img';
    const steps = [`truncate -s ${DEVICE_SIZE} dax.img dax1.img dax2.img`];
    if (!example.startsWith('famfs mkfs')) {
      steps.push(`rm -f ${device}`, `famfs mkfs --no-sync --create ${DEVICE_SIZE} ${device}`);
      if (!/^(famfs )?mount/.test(example) && example.includes('/mnt/famfs')) {
        steps.push(`famfs mount --no-sync --log-file server.log ${device} mnt`, 'famfs mkdir mnt/ready');
        steps.push('famfs creat -s 2m -r -S 42 mnt/filled');
      }
      if (example.startsWith('famfs restore')) {
        steps.push('printf 1 | dd of=device.img bs=1 seek=2097184 conv=notrunc status=none');
        steps.push('{ famfs fsck --repair --yes --backup before.backup device.img; [ $? = 1 ]; }');
      }
      if (READS_A_FILE.test(example)) steps.push(...fillSteps(device, example.includes('/mnt/famfs')));
    }
    const { status, stdout } = await type(steps.join(' && '), scratch);
    if (status !== 0) throw new Error(stdout);
  }

  test.each(examples())('$ %s', async (example) => {
    await prepare(example);
    const { status, stdout } = await type(ending(onScratch(example)), scratch);
    expect({ statuses: statusesOf(example), stdout }).toEqual({
      statuses: expect.arrayContaining([status]),
      stdout: expect.any(String),
    });
  });

  function statusesOf(example: string): number[] {
    // Mounts that other tests are just taking down may be among all there are.
    if (/^famfs df( -h)?$/.test(example)) return [0, 3];
    return example.includes('--watch') ? [130] : [0];
  }

  /** A line that ends by itself, also for a verb that goes on until it is told to stop. */
  function ending(line: string): string {
    if (line.startsWith('famfs doctor')) return withoutMounts(line);
    if (line.includes('--foreground')) return untilMounted(line);
    return line.includes('--watch') ? `timeout --preserve-status --signal=INT 3 ${line}` : quietly(line);
  }

  /** A line that does not see mounts of other tests, whose servers may be dead. */
  function withoutMounts(line: string): string {
    return `unshare -m sh -c 'umount -a -l -t fuse.famfs; ${line}'`;
  }

  /** Keeps a server's log out of /var/log. */
  function quietly(line: string): string {
    return line
      .replace(/^famfs mount/, '$& --log-file server.log')
      .replace(/^mount\.famfs/, '$& -o log-file=server.log');
  }

  /** A verb that stays attached until the unmount; its own status counts. */
  function untilMounted(line: string): string {
    return [
      `timeout 30 ${line} & server=$!`,
      'until mountpoint -q mnt || ! kill -0 $server; do sleep 0.05; done',
      'famfs umount mnt && wait $server',
    ].join('\n');
  }
});

describe('scripts/quickstart', () => {
  const scratch = scratchAll();

  test('works, from making a file system to unmounting it, and leaves nothing behind', async () => {
    const { status, stdout } = await type(join(ROOT, 'scripts/quickstart'), scratch, {
      env: { TMPDIR: scratch.root, NO_COLOR: '1' },
      timeout: 110_000,
    });
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringContaining('\nall checksums match\n'),
    });
    expect(stdout).toContain('\nclean\n');
    expect(readdirSync(scratch.root)).toEqual([]);
  });

  test('says which step failed and what to do, and leaves nothing behind', async () => {
    const { status, stdout } = await type(join(ROOT, 'scripts/quickstart'), scratch, {
      env: { TMPDIR: scratch.root },
      host: 'no UUID',
    });
    expect(status).toBe(1);
    expect(stdout).toContain('failed at: famfs mkfs --create 4g device.img\n');
    expect(readdirSync(scratch.root)).toEqual([]);
  });
});
