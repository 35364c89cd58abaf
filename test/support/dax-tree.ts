import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const NULL_DEVICE = '1:3';
const BLOCK_BYTES = 2 ** 27;
const FIRST_BLOCK = 32;

/**
 * A directory tree that reads as /sys and /proc do, with one DAX device, dax0.0, whose node is /dev/null: that every
 * machine has. What is written to its drivers is kept, and has no effect.
 */
export class DaxTree {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), 'famfs-dax-')));
  readonly node = '/dev/null';
  readonly places = { sysfs: this.path('sys'), proc: this.path('proc') };

  constructor({
    driver,
    drivers = ['device_dax', 'fsdev_dax', 'kmem'],
  }: { driver?: string; drivers?: string[] }) {
    const device = this.path('sys/devices/dax0.0');
    this.put('sys/devices/dax0.0/size', `${4 * 2 ** 30}\n`);
    this.put('sys/devices/dax0.0/align', `${2 ** 21}\n`);
    this.put(
      'sys/devices/dax0.0/mapping0/start',
      `0x${(FIRST_BLOCK * BLOCK_BYTES + 2 ** 21).toString(16)}\n`,
    );
    this.put('sys/devices/dax0.0/mapping0/end', `0x${((FIRST_BLOCK + 4) * BLOCK_BYTES - 1).toString(16)}\n`);
    this.put('sys/devices/system/memory/block_size_bytes', `${BLOCK_BYTES.toString(16)}\n`);
    for (const name of drivers)
      for (const file of ['bind', 'unbind', 'new_id', 'remove_id'])
        this.put(`sys/bus/dax/drivers/${name}/${file}`, '');
    this.link('sys/devices/dax0.0/subsystem', this.path('sys/bus/dax'));
    if (driver !== undefined)
      this.link('sys/devices/dax0.0/driver', this.path('sys/bus/dax/drivers', driver));
    this.link('sys/bus/dax/devices/dax0.0', device);
    this.link(`sys/dev/char/${NULL_DEVICE}`, device);
    mkdirSync(this.places.proc);
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  put(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  link(name: string, target: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    symlinkSync(target, this.path(name));
  }

  /** What was last written to a file of a driver. */
  written(driver: string, file: string): string {
    return readFileSync(this.path('sys/bus/dax/drivers', driver, file), 'utf8');
  }

  /** Memory of the host. Blocks 33 to 35 lie in the device; it takes a part of 32, which is not its own. */
  memoryBlock(index: number, state: string): void {
    this.put(`sys/devices/system/memory/memory${index}/state`, `${state}\n`);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
