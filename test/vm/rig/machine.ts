import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../../support/run';
import type { Kernel } from './kernel';

/** What QEMU is to make of a machine. */
export interface MachineOptions {
  readonly kernel: Kernel;
  readonly initramfs: string;
  /** Words for the kernel's command line. */
  readonly settings: readonly string[];
  /** The file behind the NVDIMM and its size in MiB. */
  readonly backing: { readonly path: string; readonly mib: number };
  /** A directory of the host that the guest writes. */
  readonly exchange: string;
  /** Unix sockets that are listened on: for the agent in the guest, and QEMU's own monitor. */
  readonly agent: string;
  readonly monitor: string;
  readonly directory: string;
}

const MEMORY_MIB = 1024;
const NVDIMM_ALIGN = '2M';

/** Programs that a rig needs, and the Debian packages that have them. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  ndctl: 'ndctl',
  depmod: 'kmod',
  modprobe: 'kmod',
  cpio: 'cpio',
  busybox: 'busybox-static',
  xz: 'xz-utils',
  zstd: 'zstd',
  setpriv: 'util-linux',
};

/** Throws, naming what to install, unless all programs that a rig needs are there. */
export async function needPrograms(): Promise<void> {
  for (const [program, name] of Object.entries(PROGRAMS)) {
    const { status } = await command('sh', ['-c', `command -v ${program}`]);
    if (status !== 0)
      throw new Error(`${program} is missing: run scripts/test-vm, or apt-get install ${name}`);
  }
}

/** Starts QEMU, which ends when this process does, however it ends. */
export function startMachine(options: MachineOptions): ChildProcess {
  const log = openSync(join(options.directory, 'qemu.log'), 'a');
  const args = ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...machineArgs(options)];
  const machine = spawn('setpriv', args, { stdio: ['ignore', log, log] });
  closeSync(log);
  return machine;
}

/** The last lines that a guest and its QEMU said, for messages of errors. */
export function lastWords(directory: string): string {
  const tail = (name: string) => {
    const file = join(directory, name);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-25).join('\n') : '(nothing)';
  };
  return `QEMU said:\n${tail('qemu.log')}\nThe console:\n${tail('console')}`;
}

function machineArgs({ agent, backing, exchange, kernel, ...rest }: MachineOptions): string[] {
  const maxMib = Math.ceil((MEMORY_MIB + backing.mib + 1024) / 1024) * 1024;
  const shared = (tag: string, path: string, readonly: boolean) => [
    '-fsdev',
    `local,id=${tag},path=${path},security_model=none,multidevs=remap${readonly ? ',readonly=on' : ''}`,
    '-device',
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ];
  return [
    ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ['-machine', 'q35,nvdimm=on', '-accel', 'tcg,thread=multi,tb-size=256', '-cpu', 'max'],
    // Emulation of a machine with one processor and no place for another leaves out the lock prefix, and with it
    // atomic stores to memory that two machines share.
    ['-smp', '1,maxcpus=2'],
    ['-m', `${MEMORY_MIB}M,slots=2,maxmem=${maxMib}M`],
    ['-kernel', kernel.image, '-initrd', rest.initramfs],
    ['-append', `console=ttyS0 quiet loglevel=5 panic=-1 rdinit=/init ${rest.settings.join(' ')}`],
    ['-serial', `file:${join(rest.directory, 'console')}`],
    [
      '-object',
      `memory-backend-file,id=memory,share=on,mem-path=${backing.path},size=${backing.mib}M,align=${NVDIMM_ALIGN}`,
    ],
    ['-device', 'nvdimm,id=nvdimm,memdev=memory,unarmed=off'],
    ['-device', 'virtio-serial-pci', '-chardev', `socket,id=agent,path=${agent}`],
    ['-device', 'virtserialport,chardev=agent,name=agent'],
    ['-qmp', `unix:${rest.monitor}`],
    shared('root', '/', true),
    shared('exchange', exchange, false),
    ['-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng'],
  ].flat();
}
