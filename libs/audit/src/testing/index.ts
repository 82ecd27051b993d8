export { captureAudit, expectAudited, type CapturedAudit, type CapturedEntry } from './capture-audit.js';
export {
  watchAuditedEntities,
  type AuditedEntityWatch,
  type UnrecordedChange,
  type WatchOptions,
} from './watch-audited-entities.js';
