import { z } from 'zod';
import type { FormatResult } from '../operations/format';
import { AddedDeviceSchema } from './device';
import { Count } from './shared';

export const MkfsSchema: z.ZodType<FormatResult | { device: string }> = z.union([
  z.strictObject({
    device: z.string(),
    uuid: z.uuid(),
    ownerUuid: z.uuid(),
    deviceBytes: Count,
    logBytes: Count,
    logEntries: Count.describe('entries that the log has room for'),
    allocUnitBytes: Count,
    secondaries: z.array(AddedDeviceSchema),
  }),
  z.strictObject({ device: z.string() }).describe('with --kill'),
]);
