import { z } from 'zod';
import type { MountCheckResult } from '../operations/check-mount';
import type { CloneResult } from '../operations/clone';
import type { ExportResult } from '../operations/export';
import type { MappedPath } from '../operations/getmap';
import type { Info } from '../operations/info';
import type { ListResult } from '../operations/list';
import type { Usage } from '../operations/usage';
import { RoleSchema } from './fsck';
import { Count, FileMapSchema, LISTED_DEVICE } from './shared';

const NotShown = Count.describe('entries of the log that are damaged');

export const ListSchema: z.ZodType<ListResult> = z.strictObject({
  device: z.string(),
  entries: z.array(
    z
      .strictObject({
        path: z.string().describe('from the root of the file system; empty for the root'),
        kind: z.enum(['file', 'directory']),
        mode: z.string().describe('permission bits in four octal digits'),
        uid: Count,
        gid: Count,
        size: Count.describe('bytes; of a directory, 0'),
        inode: Count,
        map: z.exactOptional(FileMapSchema).describe('of files, with --map'),
      })
      .describe('with --jsonl, a line is one of these'),
  ),
  notShown: NotShown,
});

export const DfSchema: z.ZodType<{
  filesystems: Usage[];
  failures: { target: string; message: string }[];
}> = z.strictObject({
  filesystems: z.array(
    z.strictObject({
      device: z.string().describe('the primary one'),
      size: Count.describe('bytes of all devices that can be used'),
      used: Count.describe('bytes, superblocks and log among them'),
      free: Count.describe('bytes'),
      largestFree: Count.describe('bytes of the longest free run on one device'),
      devices: z
        .array(
          z.strictObject({
            ...LISTED_DEVICE,
            used: z.exactOptional(Count).describe('bytes, superblock and log among them'),
            free: z.exactOptional(Count).describe('bytes'),
            largestFree: z.exactOptional(Count).describe('bytes of the longest free run'),
          }),
        )
        .describe('one in trouble has no used, free and largestFree, and is not part of the sums'),
      entries: Count.describe('entries of the log that are used'),
      freeEntries: Count,
      mountedOn: z.exactOptional(z.string()),
      notShown: NotShown,
    }),
  ),
  failures: z.array(z.strictObject({ target: z.string(), message: z.string() })),
});

export const InfoSchema: z.ZodType<Info> = z.strictObject({
  device: z.string(),
  deviceKind: z.enum(['file', 'devdax']),
  uuid: z.string(),
  ownerUuid: z.string(),
  role: RoleSchema,
  superblockVersion: Count,
  format: z.string().describe('version of the on-media format'),
  allocUnit: Count.describe('bytes'),
  log: z.strictObject({
    offset: Count.describe('bytes'),
    length: Count.describe('bytes'),
    entries: Count,
    capacity: Count.describe('entries that the log has room for'),
    notShown: NotShown,
  }),
  files: Count,
  directories: Count,
  devices: z.array(z.strictObject(LISTED_DEVICE)),
  recorded: z
    .strictObject({ size: Count, name: z.string() })
    .describe('the primary device as the owner saw it when it made the file system'),
  mounts: z.array(z.strictObject({ directory: z.string(), readOnly: z.boolean() })),
});

export const ExportSchema: z.ZodType<ExportResult> = z.strictObject({
  destination: z.string(),
  files: Count,
  directories: Count,
  bytes: Count,
  failures: z.array(z.strictObject({ path: z.string(), message: z.string() })),
  notShown: NotShown,
});

export const DigestSchema = z.strictObject({
  digests: z.array(z.strictObject({ path: z.string(), sha256: z.string() })),
  failures: z.array(z.strictObject({ path: z.string(), message: z.string() })),
});

export const GetmapSchema: z.ZodType<{ files: MappedPath[] }> = z.strictObject({
  files: z.array(
    z.discriminatedUnion('state', [
      z.strictObject({ path: z.string(), state: z.literal('mapped'), size: Count, map: FileMapSchema }),
      z.strictObject({ path: z.string(), state: z.enum(['not-famfs', 'not-mapped']), reason: z.string() }),
    ]),
  ),
});

export const CheckSchema: z.ZodType<MountCheckResult> = z.strictObject({
  directory: z.string(),
  device: z.string(),
  files: Count,
  directories: Count,
  findings: z.array(
    z.strictObject({
      what: z.enum(['file', 'superblock', 'log']),
      path: z.string().describe('from the mount point'),
      detail: z.string(),
    }),
  ),
  status: Count.describe('the exit status: 1 for files, 2 for the superblock, 4 for the log, added up'),
});

export const CloneSchema: z.ZodType<CloneResult> = z.strictObject({
  path: z.string().describe('relative to the mount point'),
  source: z.string().describe('relative to the mount point'),
  size: Count,
  map: FileMapSchema,
});
