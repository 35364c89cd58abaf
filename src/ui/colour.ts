/** What is asked of an output stream before it is coloured: `process.stdout` and `process.stderr` fit. */
export interface MaybeTerminal {
  readonly isTTY?: boolean | undefined;
}

export interface Painter {
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
  /** One of ten colours, by any whole number. */
  hue(text: string, number: number): string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const plain = (text: string): string => text;
const PLAIN: Painter = { red: plain, green: plain, yellow: plain, dim: plain, bold: plain, hue: plain };

/**
 * Whether text for `stream` is to be coloured. FORCE_COLOR decides where it is set ("0" and "false" mean
 * no), then a NO_COLOR that is not empty, then whether the stream is a terminal that can.
 */
export function wantsColour(stream: MaybeTerminal, env: Environment = process.env): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: refused } = env;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (refused !== undefined && refused !== '') return false;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Functions that colour text meant for `stream`, or leave it as it is where no colour is wanted. */
export async function paint(stream: MaybeTerminal, env: Environment = process.env): Promise<Painter> {
  if (!wantsColour(stream, env)) return PLAIN;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  const { bgBlue, bgBlueBright, bgCyan, bgCyanBright, bgGreen, bgGreenBright, bgMagenta, bgMagentaBright } =
    chalk;
  const { bgYellow, bgYellowBright } = chalk;
  const backs = [bgBlueBright, bgCyan, bgGreen, bgMagenta, bgYellow, bgBlue, bgCyanBright, bgGreenBright];
  const hues = [...backs, bgMagentaBright, bgYellowBright];
  const { red, green, yellow, dim, bold } = chalk;
  return { red, green, yellow, dim, bold, hue: (text, number) => (hues[number % hues.length] ?? bold)(text) };
}
