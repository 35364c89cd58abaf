import { writeSync } from 'node:fs';
import { LOG_LEVELS, type LogLevel } from '../types';

/** Writes lines `time level message` to standard error, which is the server's log file. */
export class Logger {
  constructor(
    private level: LogLevel,
    private readonly name: string,
  ) {}

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
    if (this.level === 'debug') this.#write('debug', message());
  }

  #write(level: LogLevel, message: string): void {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.level)) return;
    const line = `${new Date().toISOString()} ${level.padEnd(5)} ${this.name}[${process.pid}]: ${message}\n`;
    try {
      writeSync(2, line);
    } catch {
      // A full disk under the log must not stop the file system.
    }
  }
}
