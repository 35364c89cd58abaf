import { sendDatagram } from '../native/notify-socket';
import type { StatusReport } from '../server-contract';
import type { Logger } from './logger';

/** Tells the service manager that started this server, if one did, how it is: the protocol of sd_notify(3). */
export class ServiceManager {
  readonly #address = process.env.NOTIFY_SOCKET;
  #told = '';

  constructor(private readonly logger: Logger) {}

  ready(status: StatusReport): void {
    this.#told = lineOf(status);
    this.#send(`READY=1\nSTATUS=${this.#told}`);
  }

  /** Says how the server is, where that changed. */
  update(status: () => StatusReport): void {
    if (!this.#address) return;
    const line = lineOf(status());
    if (line === this.#told) return;
    this.#told = line;
    this.#send(`STATUS=${line}`);
  }

  stopping(): void {
    this.#send('STOPPING=1\nSTATUS=unmounting');
  }

  #send(message: string): void {
    if (!this.#address) return;
    try {
      sendDatagram(this.#address, message);
    } catch (error) {
      this.logger.warn(`the service manager was not told: ${(error as Error).message}`);
    }
  }
}

function lineOf(status: StatusReport): string {
  const { device, deviceFailed, deviceReplaced, devices, directory, gaveUp, log, replayed, role } = status;
  const served = `${device} on ${directory} (${role}): ${replayed.files} files, ${log.entries} of ${log.capacity} log entries`;
  const problems = [
    ...(gaveUp ? ['no worker is left'] : []),
    ...(deviceFailed ? ['the device failed'] : []),
    ...devices.flatMap(({ index, trouble }) =>
      index > 0 && trouble ? [`device ${index} is of no use (${trouble})`] : [],
    ),
    ...(deviceReplaced ? ['the device was replaced'] : []),
    ...(log.frozen ? [`the log turned invalid (${log.frozen})`] : []),
  ];
  return [served, ...problems].join('; ');
}
