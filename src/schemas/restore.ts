import { z } from 'zod';
import type { RestoreResult } from '../operations/restore';
import { Count } from './shared';

export const RestoreSchema: z.ZodType<RestoreResult> = z.strictObject({
  device: z.string(),
  backup: z.string(),
  uuid: z.string().describe('of the file system'),
  time: z.string().describe('when the backup was made'),
  entriesBefore: z
    .exactOptional(Count)
    .describe('entries that the log counted before; absent where superblock or log header were damaged'),
  entries: Count.describe('entries that the log counts now'),
  bytesStored: Count.describe('in pieces of superblock and log that were not as in the backup'),
});
