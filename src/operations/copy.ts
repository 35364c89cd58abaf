import { FamfsError } from '../errors';
import { printable } from '../log/paths';
import { pathText } from '../path-bytes';
import { Copier } from './copier';
import { CopyFilter } from './copy-filter';
import type { CopyOptions, CopyResult } from './copy-options';
import { CopyPlanner, type PlannedItem } from './copy-plan';
import { planSources } from './copy-sources';
import { inFileSystem } from './create';
import { locate } from './mounts';
import type { OwnerSession } from './owner-session';
import { stripeFor } from './stripe-defaults';

/**
 * Copies sources, paths as bytes, into a mounted famfs, as `cp` does: into `destination` when it is a directory, else
 * as it. Files that exist with the source's size are overwritten in place. What concerns one source is in `failures`
 * and the rest is copied; what concerns the device, or the only source, is thrown, with all finished files in place.
 */
export async function copy(
  sources: readonly Buffer[],
  destination: string,
  options: CopyOptions,
): Promise<CopyResult> {
  const filter = new CopyFilter(options.filter ?? []);
  checkDirection(sources, destination);
  return inFileSystem(destination, options, async (session, relative) => {
    const stripe = await stripeFor(session, options);
    const planner = new CopyPlanner(session, options.recursive ?? false, filter);
    planSources(planner, session, sources, { shown: destination, relative }, options);
    const { plan } = planner;
    checkFits(session, plan.items, plan.entries);
    const makesDestination =
      !options.noTargetDirectory &&
      plan.items.some(({ kind, target }) => kind === 'directory' && target.equals(relative));
    const copier = new Copier(
      session,
      { ...options, ...(stripe ? { stripe } : {}), makesDestination },
      plan.failures,
    );
    if (!options.dryRun) await options.onPlan?.(plan.bytes);
    const result = await (options.dryRun ? copier.rehearse(plan.items) : copier.run(plan.items));
    checkSingle(sources, result);
    return result;
  });
}

/** Throws the failure of the only source, where that is all there is to tell. */
function checkSingle(sources: readonly Buffer[], result: CopyResult): void {
  const [source, ...others] = sources;
  const [failure, ...more] = result.failures;
  if (!source || others.length > 0 || failure?.source !== printable(source) || more.length > 0) return;
  if (result.directories + result.files + result.overwritten + result.skipped > 0) return;
  throw new FamfsError(failure.code, failure.message, failure.hint);
}

/** Throws FamfsError `not-mounted`, with its own hint, for a copy out of famfs. */
function checkDirection(sources: readonly Buffer[], destination: string): void {
  if (isInFamfs(destination) || !sources.some((source) => isInFamfs(pathText(source)))) return;
  throw new FamfsError(
    'not-mounted',
    `${destination}: not in a mounted famfs, which famfs cp copies into`,
    'ordinary cp copies out of famfs',
  );
}

function isInFamfs(path: string): boolean {
  try {
    locate(path);
    return true;
  } catch {
    return false;
  }
}

/** Throws `log-full` or `device-full`, before anything is written, when a plan cannot fit. */
function checkFits(session: OwnerSession, items: readonly PlannedItem[], entries: number): void {
  session.needRoom(entries);
  const { freeUnits, unitBytes } = session.allocator.stats();
  let needed = 0;
  for (const item of items)
    if (item.kind === 'new-file') needed += Math.max(1, Math.ceil(item.size / unitBytes));
  if (needed <= freeUnits) return;
  throw new FamfsError(
    'device-full',
    `${session.device.path}: the copy needs ${needed * unitBytes} bytes in units of ${unitBytes}, ${freeUnits * unitBytes} are free`,
    'nothing was copied; copy less, or to a larger device',
  );
}
