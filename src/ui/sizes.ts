import { FamfsError } from '../errors';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;
const SIZE_PATTERN = /^(?<whole>0|[1-9]\d*)(?:\.(?<fraction>\d+))? ?(?:(?<unit>[kmgt])(?:i?b)?|b)?$/i;

/**
 * Bytes in a size as people write it: digits, then k, m, g or t in either case, with or without "B" or
 * "iB". All are multiples of 1024. A decimal fraction is fine where the result is a whole number of bytes.
 * Throws FamfsError `usage` for anything else, and above 2^53 - 1 bytes.
 */
export function parseSize(text: string): number {
  const groups = SIZE_PATTERN.exec(text)?.groups;
  if (groups === undefined) throw badSize(text, 'is not a size');
  const { whole = '', fraction = '', unit = '' } = groups;
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * 1024n ** BigInt(' kmgt'.indexOf(unit.toLowerCase() || ' '));
  if (scaled % scale !== 0n) throw badSize(text, 'is not a whole number of bytes');
  const bytes = scaled / scale;
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw badSize(text, 'is too large');
  return Number(bytes);
}

/** "512 B", "8.0 MiB": one decimal in the largest binary unit that keeps the number at 1 or above. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  let value = bytes;
  let index = 0;
  while (Number(value.toFixed(1)) >= 1024 && index < UNITS.length - 1) {
    value /= 1024;
    index += 1;
  }
  return `${value.toFixed(1)} ${UNITS[index]}`;
}

/** "1.1 GiB/s". */
export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(bytesPerSecond)}/s`;
}

/** "42 ms", "3.2 s", "42 s", "1 min 05 s", "2 h 03 min". */
export function formatDuration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${padded(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${padded(minutes % 60)} min`;
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}

function badSize(text: string, problem: string): FamfsError {
  return new FamfsError(
    'usage',
    `"${text}" ${problem}`,
    'give bytes, or a number with k, m, g or t (multiples of 1024), for example 4096, 64m or 1.5g',
  );
}
