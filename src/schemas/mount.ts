import { z } from 'zod';
import type { MountPlace, MountResult } from '../operations/mount';
import { RoleSchema } from './fsck';
import { Count, switchedFrom } from './shared';

const place = { device: z.string(), directory: z.string(), ...switchedFrom };

export const MountSchema: z.ZodType<MountPlace | MountResult> = z.union([
  z.strictObject({
    ...place,
    role: RoleSchema,
    pid: Count.describe('of the server'),
    files: Count,
    directories: Count,
    notServed: Count.describe('log entries that are damaged'),
    logFile: z.exactOptional(z.string()),
  }),
  z.strictObject(place).describe('with --foreground, after the unmount'),
]);
