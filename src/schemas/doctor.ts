import { z } from 'zod';
import type { DaxFacts } from '../device/dax-list';
import type { DoctorReport } from '../operations/doctor';
import type { DoctorCheck } from '../operations/doctor-check';
import { Count, DaxModeSchema } from './shared';

const Check: z.ZodType<DoctorCheck> = z.strictObject({
  name: z
    .enum([
      'node',
      'kernel',
      'fuse',
      'fusermount3',
      'libfuse',
      'libpmem',
      'other-users',
      'system-uuid',
      'dax',
      'mount',
      'leftover',
    ])
    .describe('what was looked at'),
  level: z.enum(['ok', 'warning', 'error']),
  message: z.string(),
  hint: z.exactOptional(z.string()).describe('what to do about it'),
});

const Dax: z.ZodType<DaxFacts> = z.strictObject({
  path: z.string(),
  mode: DaxModeSchema,
  size: z.exactOptional(Count).describe('bytes'),
  align: z.exactOptional(Count).describe('bytes'),
  driver: z.exactOptional(z.string()).describe('device_dax, kmem or another; absent for none'),
  access: z.enum(['read-write', 'read-only', 'none', 'missing']).describe('of this user to the node'),
});

export const DoctorSchema: z.ZodType<DoctorReport> = z.strictObject({
  errors: Count,
  warnings: Count,
  checks: z.array(Check),
  devices: z.array(Dax).describe('DAX devices that the kernel lists'),
});
