import { readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** As many links as the kernel follows. */
const MOST_LINKS = 40;

/**
 * Whether a path leads to something below `directory`, a real path, through whatever links. Nothing below that is
 * touched: it may be a mount whose server is the one that asks, and that would wait for itself.
 */
export function leadsBelow(path: string, directory: string): boolean {
  const start = directory === '/' ? '/' : `${directory}/`;
  let walked = '/';
  let left = resolve(path).split('/').filter(Boolean);
  for (let links = 0; left.length > 0; ) {
    const [name = '', ...others] = left;
    const next = join(walked, name);
    if (next.startsWith(start)) return true;
    const target = linkAt(next);
    left = others;
    if (target === undefined) walked = next;
    else if (++links > MOST_LINKS) return false;
    else {
      left = [...resolve(dirname(next), target).split('/').filter(Boolean), ...others];
      walked = '/';
    }
  }
  return false;
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
