import { runService } from '@pikaia/logging';
import { startWorker } from './start-worker.js';

void runService(() => startWorker(process.env));
