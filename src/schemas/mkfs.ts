import { z } from 'zod';
import type { FormatResult, KillResult } from '../operations/format';
import { AddedDeviceSchema } from './device';
import { Count, switchedFrom } from './shared';

export const MkfsSchema: z.ZodType<FormatResult | KillResult> = z.union([
  z.strictObject({
    device: z.string(),
    uuid: z.guid(),
    ownerUuid: z.guid(),
    deviceBytes: Count,
    logBytes: Count,
    logEntries: Count.describe('entries that the log has room for'),
    allocUnitBytes: Count,
    secondaries: z.array(AddedDeviceSchema),
    ...switchedFrom,
  }),
  z.strictObject({ device: z.string(), ...switchedFrom }).describe('with --kill'),
]);
