import type { Repair } from '../operations/repair';
import { describeFinding } from './check-report';
import { type Painter, paint } from './colour';
import { counted } from './counts';

const NAMES: Readonly<Record<string, string>> = {
  magic: 'magic',
  length: 'log length',
  lastIndex: 'last valid index',
  crc: 'checksum',
  nextSeqnum: 'next sequence number',
  nextIndex: 'next index',
};

/** What is wrong and what a repair would do about it: what is to be read before a yes. */
export async function describePlan(plan: Repair): Promise<string[]> {
  const painter = await paint(process.stdout);
  return [...plan.found.map((found) => describeFinding(found, painter)), ...actLines(plan, painter)];
}

/** What was repaired. */
export async function describeDone({ acts, backup }: Repair): Promise<string[]> {
  const painter = await paint(process.stdout);
  return [
    `saved superblock and log in ${backup}; famfs restore puts them back`,
    painter.green(`repaired ${counted(acts.length, 'field')} of the log header`),
  ];
}

/** What would be repaired. */
export async function describeProposal(repair: Repair): Promise<string[]> {
  const painter = await paint(process.stdout);
  const lines = actLines(repair, painter);
  if (repair.doubt !== undefined) lines.push(`${painter.yellow('left')} log header: ${repair.doubt}`);
  return lines.length > 0 ? lines : ['nothing to repair'];
}

/** How to save what stays wrong. */
export function describeCopyOut({ copyOut }: Repair): string[] {
  return copyOut.map(({ command, why }) => `to save ${why}: ${command}`);
}

function actLines({ acts, givesUp }: Repair, painter: Painter): string[] {
  const lines = acts.map(({ field, from, length, offset, to, why }) => {
    const place = `${length} bytes at ${offset}`;
    return `${painter.green('repair')} log header, ${NAMES[field]} (${place}): ${from} -> ${to}: ${why}`;
  });
  if (givesUp > 0) {
    const what = counted(givesUp, 'entry', 'entries');
    lines.push(
      `${painter.yellow('gives up')} ${what} that cannot be read, with the space of the files there`,
    );
  }
  return lines;
}
