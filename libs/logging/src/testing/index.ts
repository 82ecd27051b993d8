export { captureLogs, type CapturedLogs, type CapturedRecord } from './capture-logs.js';
export { expectNoContextLeak, type LeakCheck, type Sender, type SentRequest } from './context-leak.js';
export type { ExpectedFields } from './matching.js';
