const ELLIPSIS = '…';
const PRINTABLE_ASCII = /^[ -~]*$/;

type StringWidth = typeof import('string-width');
let stringWidth: StringWidth['default'] | undefined;

/** Terminal columns that `text` takes: 2 for wide characters, none for colour codes and combining marks. */
export function widthOf(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  // Its tables take longer to load than any module of ours, and most text has no need of them.
  stringWidth ??= (require('string-width') as StringWidth).default;
  return stringWidth(text);
}

/** `text`, with "…" for its middle if it would take more than `columns` columns. */
export function shortenMiddle(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const graphemes = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  const room = Math.max(0, columns - 1);
  const tail = fitting(graphemes.toReversed(), Math.ceil(room / 2))
    .reverse()
    .join('');
  const head = fitting(graphemes, room - widthOf(tail)).join('');
  return columns < 1 ? '' : head + ELLIPSIS + tail;
}

/** The first of `graphemes` that fit in `columns` columns together. */
function fitting(graphemes: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let room = columns;
  for (const grapheme of graphemes) {
    room -= widthOf(grapheme);
    if (room < 0) break;
    taken.push(grapheme);
  }
  return taken;
}
