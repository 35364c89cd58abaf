import { z } from 'zod';
import type { MountPlace, MountResult } from '../operations/mount';
import { RoleSchema } from './fsck';
import { Count, switchedFrom } from './shared';

const place = {
  device: z.string(),
  directory: z.string(),
  ...switchedFrom,
  absent: z
    .exactOptional(
      z.array(
        z.strictObject({
          trouble: z.enum(['missing', 'damaged', 'foreign', 'truncated']),
          index: Count,
          uuid: z.string(),
          size: Count.describe('bytes, as the log says'),
          path: z.exactOptional(z.string()).describe('where something was found in its place'),
          detail: z.string(),
        }),
      ),
    )
    .describe('devices that cannot be used, with --degraded'),
};

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
