import { Counter, Gauge, Registry } from 'prom-client';
import type { StatusReport } from '../server-contract';

/** A status as Prometheus text. Latencies are a cumulative histogram by operation, made from the workers' classes. */
export async function renderMetrics(status: StatusReport): Promise<{ body: string; type: string }> {
  const registry = new Registry();
  registry.setDefaultLabels({ device: status.device, directory: status.directory });
  const gauge = (name: string, help: string, value: number) => {
    new Gauge({ name, help, registers: [registry] }).set(value);
  };
  const counter = (name: string, help: string, value: number) => {
    new Counter({ name, help, registers: [registry] }).inc(value);
  };
  gauge('famfs_log_entries', 'Entries of the log that are served.', status.log.entries);
  gauge('famfs_log_capacity_entries', 'Entries that the log holds.', status.log.capacity);
  gauge(
    'famfs_log_frozen',
    '1 when the log turned invalid and is not followed any more.',
    status.log.frozen ? 1 : 0,
  );
  gauge(
    'famfs_device_failed',
    '1 when a page of the primary device could not be read or written.',
    status.deviceFailed ? 1 : 0,
  );
  gauge('famfs_devices', 'Devices that the log names.', status.devices.length);
  gauge(
    'famfs_devices_unusable',
    'Devices whose files answer EIO: missing, damaged, foreign, truncated or failed.',
    status.devices.filter(({ trouble }) => trouble !== null).length,
  );
  gauge('famfs_files', 'Files that are served.', status.replayed.files);
  gauge('famfs_directories', 'Directories that are served.', status.replayed.directories);
  gauge(
    'famfs_entries_not_served',
    'Log entries that are damaged and not served.',
    status.replayed.notServed,
  );
  gauge(
    'famfs_workers',
    'Worker processes that run.',
    status.workers.filter(({ pid }) => pid !== null).length,
  );
  gauge('famfs_uptime_seconds', 'Seconds since the mount.', status.uptimeSeconds);
  counter('famfs_worker_restarts_total', 'Workers that were replaced.', status.restarts);
  counter('famfs_read_bytes_total', 'Bytes read from files.', status.bytesRead);
  counter('famfs_written_bytes_total', 'Bytes written to files.', status.bytesWritten);
  addErrors(registry, status);
  return { body: `${await registry.metrics()}${latencyHistogram(status)}`, type: registry.contentType };
}

function addErrors(registry: Registry, { requests }: StatusReport): void {
  const errors = new Counter({
    name: 'famfs_request_errors_total',
    help: 'Requests answered with an errno.',
    labelNames: ['operation'],
    registers: [registry],
  });
  for (const { operation, errors: count } of requests) errors.inc({ operation }, count);
}

/** prom-client's Histogram observes single values; the workers have counted theirs already. */
function latencyHistogram({ device, directory, requests }: StatusReport): string {
  const name = 'famfs_request_seconds';
  const label = (value: string) => value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
  const lines = [`# HELP ${name} Seconds from taking a request to its answer.`, `# TYPE ${name} histogram`];
  for (const { latency, operation, requests: count, seconds } of requests) {
    const labels = `operation="${label(operation)}",device="${label(device)}",directory="${label(directory)}"`;
    let cumulative = 0;
    for (const { belowSeconds, requests: inClass } of latency) {
      cumulative += inClass;
      lines.push(`${name}_bucket{le="${belowSeconds ?? '+Inf'}",${labels}} ${cumulative}`);
    }
    lines.push(`${name}_sum{${labels}} ${seconds}`, `${name}_count{${labels}} ${count}`);
  }
  return `${lines.join('\n')}\n`;
}
