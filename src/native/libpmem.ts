import { bind, type Library } from './bind';

export const LIBPMEM: Library = { soname: 'libpmem.so.1', debianPackage: 'libpmem1' };

/** What of libpmem is used: flush and fence of processor caches, and probes. */
export interface Pmem {
  /** Writes back *and evicts* the cache lines of a range (see loadPmem). Needs a drain after it. */
  flush(address: number, length: number): void;
  /** Fence: waits until the flushes before it are done. */
  drain(): void;
  /** Copies memory to memory with non-temporal stores where useful, flushed and drained. */
  copy(target: number, source: number, length: number): void;
  /** True when the range is persistent memory as far as libpmem can tell. */
  isPmem(address: number, length: number): boolean;
  /** 1 when the platform flushes processor caches on power failure, 0 when not, -1 when unknown. */
  hasAutoFlush(): number;
  /** True when the processor has an instruction to wait for persistence beyond SFENCE. */
  hasHardwareDrain(): boolean;
}

let loaded: Pmem | undefined;

/**
 * Loads libpmem once a process. PMEM_NO_CLWB=1 is set before: CLWB may keep the line in the cache, and a reader of
 * memory that another host wrote needs it gone, so libpmem is made to choose CLFLUSHOPT (or CLFLUSH), which
 * write back and evict. `pmem_deep_flush` is used since `pmem_flush` does nothing on platforms with eADR.
 * Throws FamfsError `no-library` when libpmem1 is not installed.
 */
export function loadPmem(): Pmem {
  if (loaded) return loaded;
  process.env.PMEM_NO_CLWB = '1';
  const pmem = bind(LIBPMEM, {
    pmem_deep_flush: { returns: 'void', takes: ['i64', 'i64'] },
    pmem_drain: { returns: 'void', takes: [] },
    pmem_memcpy: { returns: 'i64', takes: ['i64', 'i64', 'i64', 'u32'] },
    pmem_is_pmem: { returns: 'i32', takes: ['i64', 'i64'] },
    pmem_has_auto_flush: { returns: 'i32', takes: [] },
    pmem_has_hw_drain: { returns: 'i32', takes: [] },
  });
  loaded = {
    flush: (address, length) => void pmem.pmem_deep_flush(address, length),
    drain: () => void pmem.pmem_drain(),
    copy: (target, source, length) => void pmem.pmem_memcpy(target, source, length, 0),
    isPmem: (address, length) => pmem.pmem_is_pmem(address, length) === 1,
    hasAutoFlush: () => pmem.pmem_has_auto_flush(),
    hasHardwareDrain: () => pmem.pmem_has_hw_drain() === 1,
  };
  return loaded;
}
