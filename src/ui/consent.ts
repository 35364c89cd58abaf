import { createInterface } from 'node:readline/promises';
import { FamfsError } from '../errors';
import { shownLine } from '../path-bytes';

/** Whether there is somebody to ask: a terminal for the question and one for the answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks a question on standard error. Anything but "y" and "yes" is no, the end of input too.
 * Throws FamfsError `interrupted` on Ctrl-C and when `signal` is aborted.
 */
export async function askYesNo(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const interrupt = () => {
        process.stderr.write('\n');
        reject(new FamfsError('interrupted', 'interrupted; nothing was changed'));
      };
      terminal.on('SIGINT', interrupt);
      signal.addEventListener('abort', interrupt);
      if (signal.aborted) interrupt();
      terminal.on('close', () => resolve(false));
      terminal
        .question(`${shownLine(question)} (y/N) `)
        .then((answer) => resolve(/^y(es)?$/i.test(answer.trim())), reject);
    });
  } finally {
    terminal.close();
  }
}
