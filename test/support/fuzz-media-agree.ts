import { FINDINGS, type Finding, type FindingCode } from '../../src/log/findings';
import type { NaiveVerdict } from './naive-check';

/** About other devices, of which the naive checker knows nothing. */
const ELSEWHERE: readonly FindingCode[] = ['dev-missing', 'dev-damaged', 'dev-foreign', 'dev-truncated'];

const keyOf = ({ code, entry }: { code: string; entry?: number }) => `${code} ${entry}`;

/** In which respect fsck and the naive checker see an image differently; undefined when they agree. */
export function disagreement(found: readonly Finding[], naive: NaiveVerdict): string | undefined {
  if (naive.findings.some(({ code }) => code === 'sb-magic')) {
    return found.some(({ code }) => code === 'sb-magic') ? undefined : 'fsck takes noise for a famfs';
  }
  const wanted = new Set(naive.findings.map(keyOf));
  const allowed = (key: string) => wanted.has(key) || naive.optional.has(key);
  const told = new Set<string>();
  for (const one of found) {
    if (one.severity !== FINDINGS[one.code].severity) return `${one.code} is told as ${one.severity}`;
    if (ELSEWHERE.includes(one.code) || one.code === 'ext-overlap') continue;
    const key = keyOf(one);
    told.add(key);
    if (!allowed(key)) return `fsck alone says ${key}: ${one.detail}`;
  }
  for (const key of wanted) if (!told.has(key) && !naive.optional.has(key)) return `fsck does not say ${key}`;
  return overlapDisagreement(found, naive);
}

/** Which of two files that share bytes is named, fsck may choose. */
function overlapDisagreement(found: readonly Finding[], { overlapping }: NaiveVerdict): string | undefined {
  const overlaps = found.filter(({ code }) => code === 'ext-overlap');
  const wrong = overlaps.find(({ entry }) => !overlapping.has(entry as number));
  if (wrong) return `fsck alone says ${keyOf(wrong)}: ${wrong.detail}`;
  return overlaps.length === 0 && overlapping.size > 0 ? 'fsck does not say ext-overlap' : undefined;
}
