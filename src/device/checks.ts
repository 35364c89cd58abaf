import { errnoOf, FamfsError } from '../errors';

/** The device-io error for a failed system call on a device, or its permission or no-space form. */
export function ioError(path: string, action: string, cause: unknown): FamfsError {
  const code = errnoOf(cause);
  const detail = code ?? (cause instanceof Error ? cause.message : 'a page cannot be accessed');
  const hint =
    code === 'ENOSPC'
      ? 'the file system that holds this sparse file is full: make room there'
      : 'the memory may be bad, or the device file was truncated or removed';
  return new FamfsError('device-io', `${path}: cannot ${action}: ${detail}`, hint, { cause });
}

/** Refuses a range that is not inside the device. A caller that gets here with one has a defect. */
export function checkRange(path: string, size: number, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new FamfsError('internal', `${path}: bad range: offset ${offset}, length ${length}`);
  }
  if (offset + length > size) {
    throw new FamfsError(
      'device-io',
      `${path}: bytes ${offset} to ${offset + length} lie beyond its end at ${size}`,
    );
  }
}
