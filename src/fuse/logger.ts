import { writeSync } from 'node:fs';
import { shownLines } from '../path-bytes';
import { LOG_LEVELS, type LogLevel } from '../types';
import type { SharedState } from './shared-state';

/** Writes lines `time level message` to standard error, which is the server's log file. */
export class Logger {
  #shared: SharedState | undefined;

  constructor(
    private readonly level: LogLevel,
    private readonly name: string,
  ) {}

  /** Takes the level from the shared state from now on. */
  follow(shared: SharedState): void {
    this.#shared = shared;
  }

  error(message: string): void {
    this.#write('error', message);
  }

  warn(message: string): void {
    this.#write('warn', message);
  }

  info(message: string): void {
    this.#write('info', message);
  }

  /** `message` is made only when it will be written. */
  debug(message: () => string): void {
    if (this.#level === LOG_LEVELS.indexOf('debug')) this.#write('debug', message());
  }

  get #level(): number {
    return this.#shared?.logLevel ?? LOG_LEVELS.indexOf(this.level);
  }

  #write(level: LogLevel, message: string): void {
    if (LOG_LEVELS.indexOf(level) > this.#level) return;
    const text = shownLines(message).replaceAll('\n', '\n  ');
    const line = `${new Date().toISOString()} ${level.padEnd(5)} ${this.name}[${process.pid}]: ${text}\n`;
    try {
      writeSync(2, line);
    } catch {
      // A full disk under the log must not stop the file system.
    }
  }
}
