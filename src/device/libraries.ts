import { FamfsError } from '../errors';
import { load } from '../native/bind';
import { LIBFUSE } from '../native/libfuse';
import { LIBPMEM } from '../native/libpmem';

/** A system library that famfs uses; `failure` is the `no-library` error where it cannot be loaded. */
export interface LibraryState {
  readonly soname: string;
  readonly failure?: FamfsError;
}

/** Tries to load libfuse3, which every mount needs, and libpmem, which devdax devices need. */
export function systemLibraries(): { readonly libfuse: LibraryState; readonly libpmem: LibraryState } {
  return { libfuse: stateOf(LIBFUSE), libpmem: stateOf(LIBPMEM) };
}

function stateOf(library: { soname: string; debianPackage: string }): LibraryState {
  const { soname } = library;
  try {
    load(library);
    return { soname };
  } catch (error) {
    if (!(error instanceof FamfsError)) throw error;
    return { soname, failure: error };
  }
}
