import { z } from 'zod';
import { Role, ServerConfig } from '../server-contract';
import { KERNEL_STRATEGIES } from '../types';

/** What the supervisor tells a worker. */
export const WorkerConfig = ServerConfig.extend({
  role: Role,
  /** Which page of the shared state is this worker's. */
  slot: z.number().int().min(0),
  mmapWithDirectIo: z.boolean(),
  /** UUID of the file system to serve. */
  uuid: z.string(),
  /** A link to the device as the supervisor has it open, whatever its path leads to by now. */
  deviceLink: z.string(),
  strategy: z.enum(KERNEL_STRATEGIES),
  /** Milliseconds since 1970: the time of files, which the media does not store. */
  mountedAt: z.number(),
});
export type WorkerConfig = z.infer<typeof WorkerConfig>;
