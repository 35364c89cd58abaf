import type { Figure, Series } from './results';

/** How much is measured. */
export interface Scope {
  /** Small sizes and few rounds: shows that everything works, and no more. */
  readonly quick: boolean;
}

export interface Measured {
  readonly figures?: readonly Figure[];
  readonly series?: readonly Series[];
  readonly missing?: readonly string[];
}

export interface Section {
  readonly name: string;
  readonly title: string;
  /** What is measured and how, for the page. */
  readonly about: string;
  readonly measure: (scope: Scope) => Promise<Measured>;
}
