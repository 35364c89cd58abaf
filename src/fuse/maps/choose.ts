import { readFileSync } from 'node:fs';
import type { FmapMode, KernelStrategy } from '../../types';
import { INIT_FLAG, PROTOCOL_MINOR } from '../protocol';

/** From this protocol version on a kernel takes extent maps. */
export const EXTENT_MAPS_MINOR = 47;
/** The version that kernels with the fmap messages claim. */
export const FMAP_V4_MINOR = 46;
/**
 * INIT's bit for the fmap messages, in kernels that have them. In all others the same bit means something else, so it
 * tells nothing by itself.
 */
export const DAX_FMAP = 1n << 43n;

const CAP_SYS_ADMIN = 21n;

/** What the kernel offers at INIT. */
export interface Offer {
  readonly minor: number;
  /** Bits of INIT_FLAG. */
  readonly flags: bigint;
}

/** What else decides how files are served. */
export interface MountFacts {
  /** What the user asked for. */
  readonly fmap: FmapMode;
  readonly deviceKind: 'file' | 'devdax';
  /** True for a process that may register devices with the kernel: CAP_SYS_ADMIN. */
  readonly privileged: boolean;
}

/** How the files of a mount are served, and why so. */
export interface Choice {
  readonly strategy: KernelStrategy;
  readonly reason: string;
}

/** Chooses how files are served from what the kernel offers and what the mount is. */
export function chooseStrategy(offer: Offer, facts: MountFacts): Choice {
  if (facts.fmap === 'none') return plain('chosen by fmap=none');
  if (facts.deviceKind !== 'devdax')
    return plain('the device is a file, which the kernel cannot map files on');
  return facts.fmap === 'v4' ? chooseFmapV4(offer) : chooseExtentMaps(offer, facts.privileged);
}

/** The bits of INIT_FLAG that a strategy takes when they are offered. */
export function flagsOf(strategy: KernelStrategy): bigint {
  if (strategy === 'extent-maps') return INIT_FLAG.PASSTHROUGH;
  return strategy === 'fmap-v4' ? DAX_FMAP : 0n;
}

/** The newest protocol version that a strategy speaks. */
export function minorOf(strategy: KernelStrategy): number {
  if (strategy === 'extent-maps') return EXTENT_MAPS_MINOR;
  return strategy === 'fmap-v4' ? FMAP_V4_MINOR : PROTOCOL_MINOR;
}

/** Whether this process has CAP_SYS_ADMIN. */
export function isPrivileged(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}

export function plain(reason: string): Choice {
  return { strategy: 'plain', reason };
}

function chooseFmapV4({ flags }: Offer): Choice {
  if ((flags & DAX_FMAP) === 0n) return plain('the kernel does not offer the fmap messages');
  return { strategy: 'fmap-v4', reason: 'chosen by fmap=v4' };
}

function chooseExtentMaps({ flags, minor }: Offer, privileged: boolean): Choice {
  if (minor < EXTENT_MAPS_MINOR) {
    return plain(`the kernel speaks FUSE 7.${minor}; extent maps came with 7.${EXTENT_MAPS_MINOR}`);
  }
  if ((flags & INIT_FLAG.PASSTHROUGH) === 0n) return plain('the kernel does not offer FUSE_PASSTHROUGH');
  if (!privileged) return plain('registering a device with the kernel needs CAP_SYS_ADMIN');
  return { strategy: 'extent-maps', reason: `the kernel speaks FUSE 7.${minor} and offers FUSE_PASSTHROUGH` };
}
