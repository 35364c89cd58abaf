import { readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import type { DoctorCheck } from './doctor-check';

const NODE_NEEDED = [20, 15] as const;
/** FUSE 7.31, which the server speaks. */
const KERNEL_NEEDED = [5, 2] as const;
/** From here on, files that are read past the page cache can be mapped too. */
const KERNEL_DIRECT = [6, 6] as const;
const SETUID = 0o4000;

/** The Node.js that runs this. */
export function nodeCheck(version = process.versions.node): DoctorCheck {
  if (reaches(version, NODE_NEEDED)) return { name: 'node', level: 'ok', message: `Node.js ${version}` };
  return {
    name: 'node',
    level: 'error',
    message: `Node.js ${version} is too old`,
    hint: `install Node.js ${NODE_NEEDED.join('.')} or newer`,
  };
}

/** What the kernel's version tells of its FUSE. */
export function kernelCheck(version = release()): DoctorCheck {
  const name = 'kernel';
  if (!reaches(version, KERNEL_NEEDED)) {
    const message = `Linux ${version} does not speak FUSE 7.31`;
    return { name, level: 'error', message, hint: `${KERNEL_NEEDED.join('.')} is the first that does` };
  }
  if (reaches(version, KERNEL_DIRECT)) {
    const message = `Linux ${version}: reads and writes go straight to the device`;
    return { name, level: 'ok', message };
  }
  return {
    name,
    level: 'warning',
    message: `Linux ${version}: all reads and writes go through the page cache`,
    hint: `${KERNEL_DIRECT.join('.')} is the first that goes straight to the device`,
  };
}

/** fusermount3, with which users other than root mount. */
export function fusermountCheck(path = process.env.PATH ?? ''): DoctorCheck {
  const name = 'fusermount3';
  const level = process.geteuid?.() === 0 ? 'warning' : 'error';
  const programs = path.split(delimiter).map((directory) => join(directory, name));
  const found = programs.find((program) => modeOf(program) !== undefined);
  if (found === undefined) {
    const message = 'fusermount3 is not on the PATH; only root can mount';
    return { name, level, message, hint: 'install it: apt-get install fuse3' };
  }
  if (((modeOf(found) ?? 0) & SETUID) !== 0) return { name, level: 'ok', message: `${found} is there` };
  const message = `${found} is not setuid root; only root can mount`;
  return { name, level, message, hint: `chown root ${found} && chmod u+s ${found}` };
}

/** Whether users other than root may let others use their mounts. */
export function otherUsersCheck(fuseConf: string): DoctorCheck {
  const name = 'other-users';
  if (/^\s*user_allow_other\s*$/m.test(textOf(fuseConf))) {
    return { name, level: 'ok', message: `${fuseConf}: users may mount with -o allow_other` };
  }
  const message = `${fuseConf}: no user_allow_other: what a user mounts is for that user alone`;
  if (process.geteuid?.() === 0) return { name, level: 'ok', message };
  return { name, level: 'warning', message, hint: `have root add the line user_allow_other to ${fuseConf}` };
}

function reaches(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, first = '0', second = '0'] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}

function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode;
  } catch {
    return undefined; // not there, or in a directory that this user may not look into
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
