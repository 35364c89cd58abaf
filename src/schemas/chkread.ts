import { z } from 'zod';
import type { CheckReadResult } from '../operations/check-read';
import { Count } from './shared';

export const ChkreadSchema: z.ZodType<CheckReadResult> = z.strictObject({
  path: z.string(),
  bytes: Count.describe('that were compared'),
  differsAt: z.exactOptional(Count).describe('first byte that read(2) and mmap(2) do not agree on'),
  problems: z.array(z.string()).describe('with --superblock or --log: what is wrong in the file'),
});
