import { z } from 'zod';
import type { LogDumpResult } from '../operations/log-dump';
import { FindingSchema } from './fsck';
import { Count, FileMapSchema } from './shared';

export const LogDumpSchema: z.ZodType<LogDumpResult> = z.strictObject({
  header: z.strictObject({
    device: z.string(),
    mountedOn: z.exactOptional(z.string()),
    uuid: z.string(),
    ownerUuid: z.string(),
    logBytes: Count,
    unitBytes: Count.describe('bytes of an allocation unit'),
    capacity: Count.describe('entries that the log has room for'),
    entries: Count.describe('entries in use'),
    nextSeqnum: Count,
    findings: z.array(FindingSchema).describe('what is wrong with the header'),
  }),
  entries: z.array(
    z.strictObject({
      index: Count,
      state: z
        .enum(['sound', 'unlinked', 'damaged'])
        .describe('unlinked: sound, but its path has no place in the tree'),
      type: z.enum(['file', 'mkdir', 'add-daxdev', 'unknown']),
      path: z.exactOptional(z.string()),
      size: z.exactOptional(Count).describe('bytes of the file, or of the added device'),
      mode: z.exactOptional(Count).describe('permission bits'),
      uid: z.exactOptional(Count),
      gid: z.exactOptional(Count),
      flags: z.exactOptional(Count),
      map: z.exactOptional(FileMapSchema),
      devindex: z.exactOptional(Count).describe('index of the added device'),
      deviceUuid: z.exactOptional(z.string()),
      findings: z.exactOptional(z.array(FindingSchema)),
      raw: z.exactOptional(z.string()).describe('bytes of a damaged entry in hexadecimal, with --raw'),
    }),
  ),
});
