import { closeSync, fdatasyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FileDevice } from '../../src/device/file-device';
import { appendEntries } from '../../src/log/append';
import type { LogEntry } from '../../src/log/entry';
import { inspectHeader } from '../../src/log/header';
import { LOG_ENTRY, MIB } from '../../src/log/layout';
import { cli, inScratch, mounted, run } from '../place';
import type { Section } from '../section';
import { figure, Rounds } from '../stats';

const LOGS_MIB = [8, 256];
const APPENDS = 2000;

const entry = (i: number): LogEntry => ({
  type: 'mkdir',
  path: Buffer.from(`directory-${i}`),
  uid: 0,
  gid: 0,
  mode: 0o755,
});

/** Appends one entry after another, each durable before the next, in this process. */
function append(path: string, logLength: number): void {
  const device = new FileDevice(path, openSync(path, 'r+'), statSync(path).size, {
    writable: true,
    noSync: false,
  });
  let { counters } = inspectHeader(device, logLength);
  for (let i = 0; i < APPENDS; i++)
    counters = appendEntries(device, logLength, counters, [entry(counters.nextIndex)]);
  device.close();
}

function peerAppend(path: string): void {
  const fd = openSync(path, 'w');
  const bytes = Buffer.alloc(LOG_ENTRY.bytes, 1);
  for (let i = 0; i < APPENDS; i++) {
    writeSync(fd, bytes, 0, bytes.length, i * bytes.length);
    fdatasyncSync(fd);
  }
  closeSync(fd);
}

/** Appending entries in a process, and verbs that append one. */
export const appending: Section = {
  name: 'append',
  title: 'Appending to the log',
  about:
    `${APPENDS} entries are appended to an empty log in one process, one at a time, each with its counters durable before ` +
    'the next: two stores, each with fdatasync(2). Beside them, as many times pwrite(2) of as many bytes with one ' +
    'fdatasync(2). Then verbs that append one entry, as processes, in a mount of such a log, beside `node -e 0`.',
  measure: ({ quick }) =>
    inScratch(async (scratch) => {
      const rounds = new Rounds();
      const image = (mib: number) => join(scratch, `${mib}.img`);
      const count = quick ? 2 : 9;
      for (let round = 0; round < count; round++) {
        for (const mib of LOGS_MIB) {
          cli('mkfs', '--no-sync', '--loglen', `${mib}m`, '--create', '4g', image(mib));
          rounds.interleave(1, {
            [`append-peer-${mib}`]: () => peerAppend(join(scratch, 'plain')),
            [`append-${mib}`]: () => append(image(mib), mib * MIB),
          });
          rmSync(image(mib));
        }
      }
      for (const mib of LOGS_MIB) {
        cli('mkfs', '--no-sync', '--loglen', `${mib}m`, '--create', '4g', image(mib));
        await mounted(image(mib), join(scratch, `mnt-${mib}`), (mount) =>
          rounds.interleave(count, {
            [`node-${mib}`]: () => run(process.execPath, '-e', '0'),
            [`mkdir-${mib}`]: (round) => cli('mkdir', join(mount, `d${round}`)),
            [`creat-${mib}`]: (round) => cli('creat', '--size', '4096', join(mount, `f${round}`)),
          }),
        );
      }
      const perEntry = (name: string) => rounds.of(name).map((ms) => ms / APPENDS);
      const appends = LOGS_MIB.map((mib) =>
        figure({
          id: `append-${mib}`,
          title: `one entry, in a process, log of ${mib} MiB`,
          unit: 'ms',
          ours: perEntry(`append-${mib}`),
          peer: { name: 'pwrite and fdatasync', values: perEntry(`append-peer-${mib}`) },
        }),
      );
      const verbs = LOGS_MIB.flatMap((mib) =>
        ['mkdir', 'creat'].map((verb) =>
          figure({
            id: `${verb}-${mib}`,
            title: `\`famfs ${verb}\`, log of ${mib} MiB`,
            unit: 'ms',
            ours: rounds.of(`${verb}-${mib}`),
            peer: { name: 'node -e 0', values: rounds.of(`node-${mib}`) },
          }),
        ),
      );
      return { figures: [...appends, ...verbs] };
    }),
};
