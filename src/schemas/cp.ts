import { z } from 'zod';
import type { CopyResult } from '../operations/copy-options';
import { Count, ErrorCodeSchema } from './shared';

export const CopySchema: z.ZodType<CopyResult> = z.strictObject({
  directories: Count,
  files: Count.describe('files that are new'),
  overwritten: Count,
  skipped: Count.describe('left alone by --resume'),
  bytes: Count,
  failures: z.array(
    z.strictObject({
      source: z.string(),
      code: ErrorCodeSchema,
      message: z.string(),
      hint: z.exactOptional(z.string()).describe('what to do about it'),
    }),
  ),
  dryRun: z.exactOptional(z.literal(true)).describe('nothing was written: all this is what would be done'),
  items: z
    .exactOptional(
      z.array(
        z.strictObject({
          action: z.enum(['directory', 'new-file', 'overwrite', 'skip']),
          source: z.string(),
          target: z.string().describe('relative to the mount point'),
          size: Count.describe('bytes'),
        }),
      ),
    )
    .describe('with --dry-run, each file and directory in order'),
});
