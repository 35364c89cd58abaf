/** A run of bytes on a device. `offset` and `length` are in bytes, `devindex` 0 is the primary device. */
export interface Extent {
  readonly devindex: number;
  readonly offset: number;
  readonly length: number;
}

/** The file's bytes lie in these extents, one after another. */
export interface SimpleMap {
  readonly kind: 'simple';
  readonly extents: readonly Extent[];
}

/** Chunk c of the file lies in strip c mod strips.length, at floor(c / strips.length) x chunkSize in it. */
export interface InterleavedMap {
  readonly kind: 'interleaved';
  /** Bytes; a power of two and a multiple of the allocation unit. */
  readonly chunkSize: number;
  readonly strips: readonly Extent[];
}

/** Where a file's bytes are. */
export type FileMap = SimpleMap | InterleavedMap;

/** The extents or strips of a map, whichever it has. */
export function extentsOf(map: FileMap): readonly Extent[] {
  return map.kind === 'simple' ? map.extents : map.strips;
}

/** How to spread a file: see the interleave rules in docs/FORMAT.md. */
export interface StripeOptions {
  /** Strips of each file, 1 to 16 and no more than `nbuckets`. On several devices, no more than there are devices. */
  readonly nstrips: number;
  /**
   * Equal parts that the only device is divided into, 1 to 64; every strip of a file lies in another one. Of no use, and
   * not needed, where there are several devices: every strip then lies on another device.
   */
  readonly nbuckets?: number | undefined;
  /** Bytes; a power of two and a multiple of the allocation unit. */
  readonly chunkSize: number;
}

/**
 * Which of several devices a file in one piece goes to: the one with the most free space, the first one with room, or
 * each in turn.
 */
export const PLACEMENT_POLICIES = ['most-free', 'fill', 'spread'] as const;
export type PlacementPolicy = (typeof PLACEMENT_POLICIES)[number];

/**
 * How the kernel caches the bytes of files: not at all; until the next open; or for as long as it likes.
 */
export const CACHE_MODES = ['none', 'open', 'always'] as const;
export type CacheMode = (typeof CACHE_MODES)[number];

/**
 * How the kernel may come to know where files are: by what it offers, never, or by the fmap messages of famfs kernels.
 */
export const FMAP_MODES = ['auto', 'none', 'v4'] as const;
export type FmapMode = (typeof FMAP_MODES)[number];

/** How the files of a mount are served: by the server, or by a kernel that was told, or asks, where they are. */
export const KERNEL_STRATEGIES = ['plain', 'extent-maps', 'fmap-v4'] as const;
export type KernelStrategy = (typeof KERNEL_STRATEGIES)[number];

/** Why a device that the log names cannot be used, or, `failed`, cannot any more. */
export const DEVICE_TROUBLES = ['missing', 'damaged', 'foreign', 'truncated', 'failed'] as const;

/** How much the server's log tells, from least to most. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The most seconds between two looks at the log: timers count milliseconds in 31 bits. */
export const MOST_POLL_SECONDS = 2_147_483;

/** Inode numbers that one request to a server to drop cached bytes may name. */
export const MOST_INODES = 256;
