import { z } from 'zod';
import type { VerifyResult } from '../operations/verify';
import { Count, PathFailures, Seed } from './shared';

export const VerifySchema: z.ZodType<VerifyResult> = z.strictObject({
  files: z.array(
    z.strictObject({
      path: z.string(),
      seed: Seed,
      bytes: Count.describe('that were compared'),
      differsAt: z.exactOptional(Count).describe('first byte that is not what the seed makes it'),
    }),
  ),
  failures: PathFailures,
});
