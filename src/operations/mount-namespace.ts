import { spawn } from 'node:child_process';
import { FamfsError } from '../errors';

/**
 * Runs the program again with `argv`, without its -N, in another mount name space, and ends with its exit status.
 * `namespace` is a process number or the file of a name space.
 * Throws FamfsError `mount-failed` when nsenter, of util-linux as mount(8) is, is missing.
 */
export async function inMountNamespace(namespace: string, argv: readonly string[]): Promise<never> {
  const target = /^\d+$/.test(namespace) ? `/proc/${namespace}/ns/mnt` : namespace;
  const [program = process.execPath, ...args] = withoutNamespace(argv);
  const child = spawn('nsenter', [`--mount=${target}`, '--wdns=/', program, ...args], { stdio: 'inherit' });
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', (cause) =>
      reject(new FamfsError('mount-failed', `-N ${namespace}: nsenter cannot be run`, undefined, { cause })),
    );
    child.on('exit', (code) => resolve(code ?? 1));
  });
  process.exit(status);
}

function withoutNamespace(argv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (word === '-N' || word === '--namespace') i++;
    else if (!/^(?:-N.|--namespace=)/.test(word)) kept.push(word);
  }
  return kept;
}
