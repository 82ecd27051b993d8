export { captureAudit, expectAudited, type CapturedAudit, type CapturedEntry } from './capture-audit.js';
