import type { WorkerConfig } from './config';
import { FOPEN_DIRECT_IO, FOPEN_KEEP_CACHE, FOPEN_PARALLEL_DIRECT_WRITES } from './protocol';

/** The flags of OPEN's reply. Files that bypass the page cache can be mapped only where the kernel says so: elsewhere it keeps pages until the next open. */
export function openFlags({ cache, mmapWithDirectIo, strategy }: WorkerConfig): number {
  // A kernel that asks for maps goes by them, and wants to hear of no other way.
  if (strategy === 'fmap-v4') return 0;
  if (cache === 'always') return FOPEN_KEEP_CACHE;
  if (cache === 'none' && mmapWithDirectIo) return FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES;
  return 0;
}
