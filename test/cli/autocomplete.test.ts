import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CompletionScript } from '../../src/operations/completion';
import { completionScript } from '../../src/operations/completion';
import { command, commandOk, famfsOk } from '../support/run';
import { expectFailure } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();
const { commands } = JSON.parse(readFileSync(join(__dirname, '../../oclif.manifest.json'), 'utf8')) as {
  commands: Record<
    string,
    { id: string; hidden?: boolean; flags: Record<string, { name: string; hidden?: boolean }> }
  >;
};
const shown = Object.values(commands).filter(({ hidden }) => !hidden);

/** What bash offers for the last of `words`. */
async function offered(words: readonly string[], script?: string): Promise<string[]> {
  const text = script ?? (await famfsOk(['autocomplete', 'bash'])).stdout;
  const file = put(scratch.path('completion.bash'), text);
  const ask = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _famfs; printf "%s\\n" "\${COMPREPLY[@]}"; complete -p famfs >/dev/null`;
  const run = await commandOk('bash', ['-u', '-c', ask, 'bash', file, ...words]);
  return run.stdout.split('\n').filter((line) => line !== '');
}

describe('bash', () => {
  test('all verbs, and those that begin so', async () => {
    const first = [...new Set(shown.map(({ id }) => id.split(':')[0]))];
    expect((await offered(['famfs', ''])).sort()).toEqual(first.sort());
    expect(await offered(['famfs', 'um'])).toEqual(['umount']);
  });

  test('all flags of each verb', async () => {
    const script = (await famfsOk(['autocomplete', 'bash'])).stdout;
    for (const { flags, id } of shown) {
      const names = Object.values(flags)
        .filter(({ hidden }) => !hidden)
        .map(({ name }) => `--${name}`);
      expect((await offered(['famfs', ...id.split(':'), '--'], script)).sort()).toEqual(
        [...names, '--help'].sort(),
      );
    }
  });

  test('the values of a flag and of an argument', async () => {
    expect(await offered(['famfs', 'mount', '--log-level', ''])).toEqual(['error', 'warn', 'info', 'debug']);
    expect(await offered(['famfs', 'autocomplete', 'z'])).toEqual(['zsh']);
  });

  test('files are left to the shell', async () => {
    expect(await offered(['famfs', 'cp', 'fi'])).toEqual([]);
  });

  test('verbs of two words', async () => {
    const flag = { name: 'all', letters: ['a'], description: '', takesValue: false, values: [] };
    const script = completionScript('bash', [
      { words: ['log', 'dump'], summary: '', values: [], flags: [flag] },
      { words: ['ls'], summary: '', values: [], flags: [] },
    ]);
    expect(await offered(['famfs', 'l'], script)).toEqual(['log', 'ls']);
    expect(await offered(['famfs', 'log', ''], script)).toEqual(['dump']);
    expect(await offered(['famfs', 'log', 'dump', '-'], script)).toEqual(['-a', '--all', '--help']);
  });
});

test.each(['zsh', 'fish'])('a script that %s can read, where it is installed', async (shell) => {
  const { script } = (await famfsOk(['autocomplete', '--json', shell])).json<CompletionScript>();
  expect(script).toContain('log-level');
  const there = await command('sh', ['-c', `command -v ${shell}`]);
  if (there.status === 0) await commandOk(shell, ['-n', put(scratch.path('script'), script)]);
});

test('another shell is refused', async () => {
  await expectFailure(['autocomplete', 'csh'], { status: 2, code: 'usage', says: ['csh'] });
});
