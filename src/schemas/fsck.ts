import { z } from 'zod';
import { FINDINGS, type FindingCode, LISTED_OF_A_CODE } from '../log/findings';
import { LOG_HEADER } from '../log/layout';
import type { RepairAct } from '../log/repair';
import type { CheckReport } from '../operations/check';
import type { Repair } from '../operations/repair';
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

const RepairSchema: z.ZodType<Repair> = z.strictObject({
  found: z.array(FindingSchema).describe('what was wrong before'),
  acts: z
    .array(
      z.strictObject({
        field: z.enum(Object.keys(LOG_HEADER.fields) as RepairAct['field'][]),
        offset: Count.describe('bytes from the start of the device'),
        length: Count.describe('bytes'),
        from: z.string(),
        to: z.string(),
        why: z.string(),
      }),
    )
    .describe('fields of the log header that were changed, or would be'),
  givesUp: Count.describe('entries that cannot be read and are not counted afterwards'),
  safe: z.boolean().describe('no entry is given up, and none appears that was not there'),
  doubt: z.exactOptional(z.string()).describe('why a damaged log header is left as it is'),
  done: z.boolean(),
  backup: z.exactOptional(z.string()).describe('where superblock and log were saved before'),
  copyOut: z
    .array(z.strictObject({ why: z.string(), command: z.string() }))
    .describe('commands that save what stays wrong; at most 100'),
});

export const FsckSchema: z.ZodType<CheckReport & { repair?: Repair }> = z.strictObject({
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
  findings: z.array(FindingSchema).describe(`of each code the first ${LISTED_OF_A_CODE}`),
  unlisted: z.exactOptional(Count).describe('findings that are counted and not listed'),
  repair: z.exactOptional(RepairSchema).describe('with --repair; the rest is how things are after it'),
});
