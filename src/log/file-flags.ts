import { FILE_FLAG_READ_ONLY, FILE_FLAG_WRITABLE } from './layout';

/** Who may write a file, permissions aside: the owner host alone, nobody, or every host. */
export type FileAccess = 'by-role' | 'read-only' | 'writable';

/**
 * What is written into the flags of a file. Bit 1 alone says nothing: the reference sets it in every file and looks at
 * neither bit. So bit 0 is what tells that somebody chose, and bit 1 beside it what was chosen.
 */
export const FILE_FLAGS: Readonly<Record<FileAccess, number>> = {
  'by-role': FILE_FLAG_WRITABLE,
  'read-only': FILE_FLAG_READ_ONLY,
  writable: FILE_FLAG_READ_ONLY | FILE_FLAG_WRITABLE,
};

/** What the flags of a file say. Bits that are not defined say nothing. */
export function fileAccess(flags: number): FileAccess {
  if ((flags & FILE_FLAG_READ_ONLY) === 0) return 'by-role';
  return (flags & FILE_FLAG_WRITABLE) === 0 ? 'read-only' : 'writable';
}
