import { runService } from '@pikaia/logging';
import { startApi } from './server/start-api.js';

void runService(() => startApi(process.env));
