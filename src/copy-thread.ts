import { parentPort, workerData } from 'node:worker_threads';
import { CopyJobs, jobBuffer } from './operations/copy-jobs';

/** A thread that copies for operations/copy-threads: each message is a round to help with. */
const jobs = new CopyJobs(workerData as SharedArrayBuffer);
const buffer = jobBuffer();
parentPort?.on('message', () => {
  for (let i = jobs.claim(); i !== undefined; i = jobs.claim()) jobs.run(i, buffer);
  parentPort?.postMessage('no more jobs');
});
