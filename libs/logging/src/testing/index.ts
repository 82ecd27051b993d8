export { captureLogs, type CapturedLogs } from './capture-logs.js';
export { expectNoContextLeak, type LeakCheck, type Sender, type SentRequest } from './context-leak.js';
export type { CapturedRecord, ExpectedFields } from './matching.js';
