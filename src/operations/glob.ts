/** Takes one character, or where `test` is left out none, and goes on at any of `next`. */
interface Step {
  readonly test?: (char: string) => boolean;
  readonly next: number[];
}

/** A part of a pattern: one character, a whole of other parts, or any one of several sequences. */
type Part =
  | { readonly kind: 'one'; readonly test: (char: string) => boolean }
  | { readonly kind: 'star' | 'components' | 'rest' }
  | { readonly kind: 'choice'; readonly of: readonly (readonly Part[])[] };

const notSlash = (char: string): boolean => char !== '/';
const isSlash = (char: string): boolean => char === '/';
const any = (): boolean => true;

/**
 * A glob: `*`, `?` and `[...]` match no slash, `**` as a whole component does, `{a,b}` is one of its words, and `\` makes
 * the next character plain. A name is looked at once, with all that may match so far kept: no pattern takes longer than
 * its length times that of the name, as regular expressions do.
 */
export class Glob {
  readonly #steps: Step[] = [{ next: [] }];
  readonly #start: number;
  /** For each step the place of the name at which it was reached last. */
  readonly #reached: Int32Array;

  constructor(pattern: string) {
    const { parts } = new Parser([...pattern]);
    this.#start = this.#sequence(parts, 0);
    this.#reached = new Int32Array(this.#steps.length);
  }

  matches(name: string): boolean {
    this.#reached.fill(-1);
    let at = 0;
    let steps: Step[] = [];
    this.#reach(this.#start, at, steps);
    for (const char of name) {
      at++;
      const next: Step[] = [];
      for (const step of steps)
        if (step.test?.(char)) for (const index of step.next) this.#reach(index, at, next);
      if (next.length === 0 && this.#reached[0] !== at) return false;
      steps = next;
    }
    return this.#reached[0] === at;
  }

  /** Adds the steps that take a character and can be reached from one without any. */
  #reach(from: number, at: number, steps: Step[]): void {
    const left = [from];
    for (let index = left.pop(); index !== undefined; index = left.pop()) {
      if (this.#reached[index] === at) continue;
      this.#reached[index] = at;
      const step = this.#steps[index] as Step;
      if (step.test) steps.push(step);
      else left.push(...step.next);
    }
  }

  /** Makes the steps for parts that go on at the step `next`. Returns the first. */
  #sequence(parts: readonly Part[], next: number): number {
    return parts.reduceRight((following, part) => this.#part(part, following), next);
  }

  #part(part: Part, next: number): number {
    switch (part.kind) {
      case 'one':
        return this.#add({ test: part.test, next: [next] });
      case 'choice':
        return this.#add({ next: part.of.map((parts) => this.#sequence(parts, next)) });
      case 'star':
        return this.#repeat(notSlash, next);
      case 'rest':
        return this.#repeat(any, next);
      case 'components':
        return this.#components(next);
    }
  }

  #repeat(test: (char: string) => boolean, next: number): number {
    const again: number[] = [next];
    const start = this.#add({ next: again });
    again.push(this.#add({ test, next: [start] }));
    return start;
  }

  /** Any number of components with the slash behind each. */
  #components(next: number): number {
    const again: number[] = [next];
    const start = this.#add({ next: again });
    const name = this.#repeat(notSlash, this.#add({ test: isSlash, next: [start] }));
    again.push(this.#add({ test: notSlash, next: [name] }));
    return start;
  }

  #add(step: Step): number {
    return this.#steps.push(step) - 1;
  }
}

/** Classes of POSIX within brackets. */
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: 'a-zA-Z0-9',
  alpha: 'a-zA-Z',
  ascii: '\\x00-\\x7f',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '\\x21-\\x7e',
  lower: 'a-z',
  print: '\\x20-\\x7e',
  punct: '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e',
  space: '\\s',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9a-fA-F',
};
const BRACKETS = /^\[[!^]?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]/su;
const IN_BRACKETS = /\[:(\w+):\]|\\(.)|([^-])/gsu;
const RANGE = /^\{([^{},\\/])\.\.([^{},\\/])\}/su;

/** Takes a pattern apart. What is no whole bracket or brace stands for itself. */
class Parser {
  readonly parts: readonly Part[];
  #at = 0;
  /** Where a brace was seen to be a character: it is come by again for each brace around it that is one too. */
  readonly #plainBraces = new Set<number>();

  constructor(private readonly chars: readonly string[]) {
    this.parts = this.#sequence('', 0);
  }

  /** Parts up to one of `ends`, or to the end of the pattern. `from` is where the word began. */
  #sequence(ends: string, from: number): Part[] {
    const parts: Part[] = [];
    for (let char = this.chars[this.#at]; char !== undefined; char = this.chars[this.#at]) {
      if (ends.includes(char)) break;
      parts.push(this.#next(char, ends, from));
    }
    return parts;
  }

  #next(char: string, ends: string, from: number): Part {
    if (char === '*') return this.#stars(ends, from);
    if (char === '[') return this.#brackets() ?? this.#plain(char);
    if (char === '{') return this.#range() ?? this.#braces() ?? this.#plain(char);
    this.#at++;
    if (char === '?') return { kind: 'one', test: notSlash };
    const escaped = char === '\\' ? this.chars[this.#at] : undefined;
    if (escaped !== undefined) this.#at++;
    const literal = escaped ?? char;
    return { kind: 'one', test: (other) => other === literal };
  }

  #plain(char: string): Part {
    this.#at++;
    return { kind: 'one', test: (other) => other === char };
  }

  #stars(ends: string, from: number): Part {
    const start = this.#at;
    while (this.chars[this.#at] === '*') this.#at++;
    const following = this.chars[this.#at];
    const begins = start === from || this.chars[start - 1] === '/';
    if (this.#at - start < 2 || !begins) return { kind: 'star' };
    if (following === '/') {
      this.#at++;
      return { kind: 'components' };
    }
    return following === undefined || ends.includes(following) ? { kind: 'rest' } : { kind: 'star' };
  }

  #brackets(): Part | undefined {
    const text = BRACKETS.exec(this.#rest())?.[0];
    if (text === undefined) return undefined;
    this.#at += [...text].length;
    const negated = /^\[[!^]/.test(text);
    const inner = text
      .slice(negated ? 2 : 1, -1)
      .replace(IN_BRACKETS, (_, name?: string, escaped?: string, char?: string) =>
        name === undefined ? plainInClass(escaped ?? char ?? '') : (POSIX_CLASSES[name] ?? ''),
      );
    return { kind: 'one', test: classTest(`[${negated ? '^' : ''}${inner}]`) };
  }

  #range(): Part | undefined {
    const [text, first = '', last = ''] = RANGE.exec(this.#rest()) ?? [];
    if (text === undefined) return undefined;
    this.#at += [...text].length;
    return { kind: 'one', test: classTest(`[${plainInClass(first)}-${plainInClass(last)}]`) };
  }

  #braces(): Part | undefined {
    const start = this.#at;
    if (this.#plainBraces.has(start)) return undefined;
    const of: Part[][] = [];
    do {
      this.#at++;
      of.push(this.#sequence(',}', this.#at));
    } while (this.chars[this.#at] === ',');
    if (this.chars[this.#at] === '}' && of.length > 1) {
      this.#at++;
      return { kind: 'choice', of };
    }
    this.#at = start;
    this.#plainBraces.add(start);
    return undefined;
  }

  #rest(): string {
    return this.chars.slice(this.#at).join('');
  }
}

function plainInClass(char: string): string {
  return /[\\\]^[/-]/.test(char) ? `\\${char}` : char;
}

/** Whether a character is of a class, and no slash. A range that ends before it begins has nothing in it. */
function classTest(source: string): (char: string) => boolean {
  try {
    const regex = new RegExp(source, 'u');
    return (char) => notSlash(char) && regex.test(char);
  } catch {
    return () => false;
  }
}
