import { z } from 'zod';
import type { ErrorCode } from './errors';
import {
  CACHE_MODES,
  DEVICE_TROUBLES,
  FMAP_MODES,
  KERNEL_STRATEGIES,
  LOG_LEVELS,
  MOST_INODES,
  MOST_POLL_SECONDS,
} from './types';

/** What the command line and the FUSE server, two programs, say to each other. */

/** What `famfs mount` tells the server that it starts, as JSON in the second argument. */
export const ServerConfig = z.object({
  device: z.string().min(1),
  /** Where secondary devices are looked for first. */
  devices: z.array(z.string()),
  directory: z.string().startsWith('/'),
  /** The directory that is to be mounted on, see directoryId(). */
  directoryId: z.string(),
  readOnly: z.boolean(),
  noSync: z.boolean(),
  logLevel: z.enum(LOG_LEVELS),
  cache: z.enum(CACHE_MODES),
  fmap: z.enum(FMAP_MODES),
  /** Worker processes. */
  workers: z.number().int().min(1).max(16),
  /** Seconds between two looks at the log; 0 for none. */
  pollSeconds: z.number().min(0).max(MOST_POLL_SECONDS),
  /** Other users may use the mount; needs root, or user_allow_other in /etc/fuse.conf. */
  allowOther: z.boolean(),
  /** Options of mount(8) that the kernel heeds for every file system, such as noexec. */
  kernelOptions: z.array(z.string()),
});
export type ServerConfig = z.infer<typeof ServerConfig>;

/** Tells a directory from what is mounted on it. */
export function directoryId({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}:${ino}`;
}

/** What a server found when it replayed the log. */
export const Served = z.object({
  files: z.number(),
  directories: z.number(),
  /** Entries that are not served, being corrupt, rejected or without a place. */
  notServed: z.number(),
});
export type Served = z.infer<typeof Served>;

export const Role = z.enum(['owner', 'client']);
export type Role = z.infer<typeof Role>;

/** The one line on the readiness pipe, descriptor READINESS_FD of the server. */
export const Readiness = z.discriminatedUnion('state', [
  Served.extend({ state: z.literal('ready'), pid: z.number(), role: Role }),
  z.object({
    state: z.literal('failed'),
    code: z.string().transform((code) => code as ErrorCode),
    message: z.string(),
    hint: z.string().optional(),
  }),
]);
export type Readiness = z.input<typeof Readiness>;
export const READINESS_FD = 3;

const Latency = z.object({ belowSeconds: z.number().nullable(), requests: z.number() });

/** A device that the log names; index 0 is the primary one. */
export const DeviceReport = z.object({
  index: z.number(),
  uuid: z.string(),
  /** Bytes, as the log says. */
  size: z.number(),
  /** Where it is, or what was found in its place; null where nothing was. */
  path: z.string().nullable(),
  /** Why its files answer EIO; null where they do not. */
  trouble: z.enum(DEVICE_TROUBLES).nullable(),
});
export type DeviceReport = z.infer<typeof DeviceReport>;

/** What `GET /status` of a server's control socket answers. */
export const StatusReport = z.object({
  pid: z.number(),
  device: z.string(),
  deviceBytes: z.number(),
  directory: z.string(),
  uuid: z.string(),
  role: Role,
  readOnly: z.boolean(),
  startedAt: z.iso.datetime(),
  uptimeSeconds: z.number(),
  logLevel: z.enum(LOG_LEVELS),
  /** The file that the server logs to; null when that is a terminal or a pipe. */
  logFile: z.string().nullable(),
  cache: z.enum(CACHE_MODES),
  kernel: z.object({
    protocol: z.string(),
    resend: z.boolean(),
    mmapWithDirectIo: z.boolean(),
    /** How files are served, and why so. */
    strategy: z.enum(KERNEL_STRATEGIES),
    reason: z.string(),
  }),
  log: z.object({
    entries: z.number(),
    capacity: z.number(),
    /** Why what is served does not follow the log any more; null while it does. */
    frozen: z.string().nullable(),
  }),
  replayed: Served.extend({ entries: z.number() }),
  /** True once a page of the primary device could not be read or written: all files answer EIO. */
  deviceFailed: z.boolean(),
  /** All devices that the log names, the primary first. */
  devices: z.array(DeviceReport),
  /** True when the device's path leads to something else by now. */
  deviceReplaced: z.boolean(),
  workers: z.array(
    z.object({
      pid: z.number().nullable(),
      startedAt: z.iso.datetime(),
      restarts: z.number(),
      served: z.number(),
    }),
  ),
  restarts: z.number(),
  /** True once workers ended so often that no more are started: all requests answer EIO. */
  gaveUp: z.boolean(),
  bytesRead: z.number(),
  bytesWritten: z.number(),
  requests: z.array(
    z.object({
      operation: z.string(),
      requests: z.number(),
      errors: z.number(),
      seconds: z.number(),
      latency: z.array(Latency),
    }),
  ),
});
export type StatusReport = z.infer<typeof StatusReport>;

/** What `POST /replay` takes: files whose bytes were changed in place, not through the mount. */
export const ReplayBody = z.object({ overwritten: z.array(z.int().min(0)).max(MOST_INODES) });

/** What `PUT /log-level` takes, and both `GET` and `PUT /log-level` answer. */
export const LogLevelBody = z.object({ level: z.enum(LOG_LEVELS) });

/** What `POST /replay` answers: the entries that are served from now on, and why no more, if so. */
export const ReplayAnswer = z.object({ entries: z.number(), frozen: z.string().nullable() });
export type ReplayAnswer = z.infer<typeof ReplayAnswer>;

/** What every answer with an HTTP status of 400 or more holds. */
export const ControlFailure = z.object({ error: z.string() });

/** What a running server leaves in its run directory for `famfs umount` and others. */
export const ServerState = z.object({
  pid: z.number(),
  device: z.string(),
  directory: z.string(),
  role: Role,
  startedAt: z.iso.datetime(),
});
export type ServerState = z.infer<typeof ServerState>;
