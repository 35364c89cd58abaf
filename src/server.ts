import { WorkerConfig } from './fuse/config';
import { supervise } from './fuse/supervisor';
import { serve } from './fuse/worker';
import { ServerConfig } from './server-contract';

/** The FUSE server's program: `server.cjs supervisor CONFIG`, and `worker CONFIG` for the processes it starts. */
async function main([role, config]: string[]): Promise<number> {
  const parsed: unknown = JSON.parse(config ?? 'null');
  if (role === 'worker') {
    const worker = WorkerConfig.parse(parsed);
    process.title = `famfs worker ${worker.directory}`;
    serve(worker);
    return 0;
  }
  const server = ServerConfig.parse(parsed);
  process.title = `famfs ${server.directory}`;
  return supervise(server);
}

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(70);
  },
);
