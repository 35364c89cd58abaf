import { z } from 'zod';
import { FINDINGS, type FindingCode } from '../log/findings';
import type { CheckReport } from '../operations/check';
import { Count } from './shared';

export const FindingSchema = z.strictObject({
  code: z.enum(Object.keys(FINDINGS) as FindingCode[]),
  severity: z.enum(['error', 'warning']),
  detail: z.string(),
  entry: z.exactOptional(Count).describe('index of the log entry'),
  path: z.exactOptional(z.string()),
});

export const SpaceSchema = z.strictObject({
  unitBytes: Count.describe('bytes of an allocation unit'),
  totalUnits: Count,
  usedUnits: Count.describe('superblock and log among them'),
  freeUnits: Count,
  freeRuns: Count.describe('free runs of units: one when nothing is fragmented'),
  largestFreeUnits: Count.describe('units of the longest free run'),
});

export const PoolSchema = SpaceSchema.extend({
  devices: z.array(SpaceSchema.nullable()).describe('by device index; null for one that is not attached'),
}).describe('of all devices that are attached');

export const RoleSchema = z.enum(['owner', 'client']);

export const FsckSchema: z.ZodType<CheckReport> = z.strictObject({
  device: z.string(),
  deviceBytes: Count,
  mountedOn: z.exactOptional(z.string()),
  uuid: z.exactOptional(z.string()),
  ownerUuid: z.exactOptional(z.string()),
  role: z.exactOptional(RoleSchema),
  contents: z
    .exactOptional(
      z.strictObject({
        entries: Count,
        capacity: Count.describe('entries that the log has room for'),
        files: Count,
        directories: Count,
        fileBytes: Count,
        space: PoolSchema,
      }),
    )
    .describe('absent when superblock or log header are too bad for the entries to be found'),
  errors: Count,
  warnings: Count,
  findings: z.array(FindingSchema),
});
