export { captureLogs, type CapturedLogs, type CapturedRecord } from './capture-logs.js';
