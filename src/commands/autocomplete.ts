import { Args } from '@oclif/core';
import type { CompletionScript, VerbShape } from '../operations/completion';
import { BaseCommand } from './base';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export default class Autocomplete extends BaseCommand {
  static override summary = 'Print a script that completes verbs and flags in a shell.';
  static override description =
    'For bash: source <(famfs autocomplete bash), in ~/.bashrc. For zsh: the same with zsh, in ~/.zshrc after compinit. For fish: famfs autocomplete fish | source, in ~/.config/fish/config.fish.';
  static override examples = ['<%= config.bin %> autocomplete bash'];
  static override args = {
    shell: Args.string({ required: true, options: [...SHELLS], description: 'bash, zsh or fish' }),
  };

  async run(): Promise<CompletionScript> {
    const { args } = await this.parse(Autocomplete);
    const shell = SHELLS.find((name) => name === args.shell) ?? 'bash';
    const { completionScript } = await import('../operations/completion');
    const script = completionScript(shell, this.#verbs());
    if (!this.jsonEnabled()) await this.printLines([script.trimEnd()]);
    return { shell, script };
  }

  #verbs(): VerbShape[] {
    return this.config.commands
      .filter(({ hidden }) => !hidden)
      .map(({ args, flags, id, summary = '' }) => ({
        words: id.split(':'),
        summary,
        values: Object.values(args)[0]?.options ?? [],
        flags: Object.values(flags)
          .filter(({ hidden }) => !hidden)
          .map(({ char, description = '', name, ...flag }) => ({
            name,
            letters: char ? [char] : [],
            description,
            takesValue: flag.type === 'option',
            values: (flag.type === 'option' ? flag.options : undefined) ?? [],
          })),
      }));
  }
}
