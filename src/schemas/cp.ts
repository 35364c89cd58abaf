import { z } from 'zod';
import type { CopyResult } from '../operations/copy';
import { Count, ErrorCodeSchema } from './shared';

export const CopySchema: z.ZodType<CopyResult> = z.strictObject({
  directories: Count,
  files: Count.describe('files that are new'),
  overwritten: Count,
  skipped: Count.describe('left alone by --resume'),
  bytes: Count,
  failures: z.array(z.strictObject({ source: z.string(), code: ErrorCodeSchema, message: z.string() })),
});
