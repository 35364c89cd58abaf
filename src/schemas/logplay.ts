import { z } from 'zod';
import type { LogplayResult } from '../operations/logplay';
import { Count } from './shared';

export const LogplaySchema: z.ZodType<LogplayResult> = z.strictObject({
  directory: z.string(),
  entries: Count,
  files: Count,
  directories: Count,
  notServed: Count.describe('entries that are corrupt, rejected or without a place in the tree'),
  pending: z.exactOptional(Count).describe('with --dry-run: entries that the mount has not taken up yet'),
  frozen: z.exactOptional(z.string()).describe('why the mount does not follow the log any more'),
});
