import { z } from 'zod';
import type { DaxMode } from '../device/dax-mode';
import { ERROR_TABLE, type ErrorCode } from '../errors';
import type { Extent, FileMap } from '../types';

/** A whole number of bytes or of things. */
export const Count = z.int().min(0);

export const ExtentSchema: z.ZodType<Extent> = z.strictObject({
  devindex: Count.describe('0 is the primary device'),
  offset: Count.describe('bytes from the start of the device'),
  length: Count.describe('bytes'),
});

export const FileMapSchema: z.ZodType<FileMap> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('simple'), extents: z.array(ExtentSchema) }),
  z.strictObject({
    kind: z.literal('interleaved'),
    chunkSize: Count.describe('bytes that lie together in a strip'),
    strips: z.array(ExtentSchema),
  }),
]);

export const DaxModeSchema: z.ZodType<DaxMode> = z
  .enum(['devdax', 'famfs', 'system-ram', 'disabled', 'unknown'])
  .describe('as daxctl names it; disabled is to have no driver');

/** What a verb adds that had to switch its device to devdax. */
export const switchedFrom = { switchedFrom: z.exactOptional(DaxModeSchema) };

export const ErrorCodeSchema = z.enum(Object.keys(ERROR_TABLE) as ErrorCode[]);

/** Paths, of several that a verb was given, about which nothing could be done. */
export const PathFailures = z.array(
  z.strictObject({
    path: z.string().describe('as it was given'),
    code: ErrorCodeSchema,
    message: z.string(),
  }),
);

/** What random contents are made from. */
export const Seed = z.int().min(1).max(0xffffffff).describe('what the contents are made from');

/** What every verb prints in place of a result when it fails. */
export const FailureSchema = z.strictObject({
  error: z.strictObject({
    code: ErrorCodeSchema,
    message: z.string().describe('what is wrong, and where'),
    hint: z.exactOptional(z.string()).describe('what to do about it'),
    exitStatus: Count,
  }),
});
