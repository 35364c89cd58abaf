import { basename } from 'node:path';
import type { DaxFacts } from '../device/dax-list';
import { describeMode, howToDevdax } from '../device/dax-mode';
import type { DoctorCheck } from './doctor-check';

/** A check for each DAX device: whether famfs can use it as it is. */
export function examineDax(devices: readonly DaxFacts[]): DoctorCheck[] {
  if (devices.length > 0) return devices.map(examineOne);
  return [{ name: 'dax', level: 'ok', message: 'no DAX devices on this host; files can stand for them' }];
}

function examineOne(device: DaxFacts): DoctorCheck {
  const { align, mode, path, size } = device;
  const found = (level: DoctorCheck['level'], what: string, hint?: string): DoctorCheck => ({
    name: 'dax',
    level,
    message: `${path}: ${what}`,
    ...(hint === undefined ? {} : { hint }),
  });
  const name = basename(path);
  if (mode !== 'devdax') return found('warning', describeMode(device), howToDevdax({ ...device, name }));
  if (!size || !align || size % align !== 0) {
    const shown = `size ${size ?? 'unknown'}, alignment ${align ?? 'unknown'}`;
    const hint = `make it anew: daxctl reconfigure-device --mode=devdax ${name}`;
    return found('error', `${shown}: not what a device has`, hint);
  }
  return accessCheck(device, found);
}

function accessCheck(
  { access, align, size }: DaxFacts,
  found: (level: DoctorCheck['level'], what: string, hint?: string) => DoctorCheck,
): DoctorCheck {
  const facts = `in mode devdax, ${size} bytes, aligned to ${align}`;
  switch (access) {
    case 'missing':
      return found('error', `${facts}, but there is no such node`, 'udevadm trigger makes it again');
    case 'none':
      return found('warning', `${facts}; this user may not open it`, 'run as root, or have access given');
    case 'read-only':
      return found(
        'warning',
        `${facts}; this user may only read it`,
        'a client needs no more; an owner does',
      );
    case 'read-write':
      return found('ok', facts);
  }
}
