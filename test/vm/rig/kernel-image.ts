import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { commandOk } from '../../support/run';

/** Offsets in a bzImage, from Documentation/arch/x86/boot.rst. */
const SETUP_SECTORS = 0x1f1;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const SECTOR_BYTES = 512;
/** The kernel's build puts the unpacked length behind what a packer wrote; gzip has one of its own. */
const APPENDED_LENGTH_BYTES = 4;

interface Packer {
  readonly magic: string;
  readonly program: string;
}

const PACKERS: readonly Packer[] = [
  { magic: 'fd377a585a00', program: 'xz' },
  { magic: '28b52ffd', program: 'zstd' },
];
const GZIP_MAGIC = '1f8b08';
const ELF_MAGIC = '7f454c46';

/**
 * Writes the ELF kernel that is packed in the vmlinuz below `root` to `target`. QEMU starts it at once, whereas a
 * vmlinuz first unpacks itself, which takes an emulated processor some four seconds.
 */
export async function extractKernel(root: string, target: string): Promise<void> {
  const vmlinuz = readdirSync(root, { recursive: true, encoding: 'utf8' }).find((path) =>
    /(^|\/)vmlinuz(-[^/]*)?$/.test(path),
  );
  if (vmlinuz === undefined) throw new Error(`${root}: the packages hold no vmlinuz`);
  const file = readFileSync(join(root, vmlinuz));
  const start = (file.readUInt8(SETUP_SECTORS) + 1) * SECTOR_BYTES + file.readUInt32LE(PAYLOAD_OFFSET);
  const payload = file.subarray(start, start + file.readUInt32LE(PAYLOAD_LENGTH));
  await unpack(payload, target);
  const magic = readFileSync(target).toString('hex', 0, ELF_MAGIC.length / 2);
  if (magic !== ELF_MAGIC)
    throw new Error(`${vmlinuz}: what is packed in it is no ELF kernel, but ${magic}...`);
}

async function unpack(payload: Buffer, target: string): Promise<void> {
  const start = payload.toString('hex', 0, 8);
  if (start.startsWith(GZIP_MAGIC)) return writeFileSync(target, gunzipSync(payload));
  const packer = PACKERS.find(({ magic }) => start.startsWith(magic));
  if (!packer) throw new Error(`a kernel packed in an unknown way: it begins with ${start}`);
  const packed = `${target}.packed`;
  writeFileSync(packed, payload.subarray(0, -APPENDED_LENGTH_BYTES));
  await commandOk('sh', ['-c', `${packer.program} -dc <"$1" >"$2"`, 'sh', packed, target]);
  rmSync(packed);
}
