export {
  failed,
  passed,
  skipped,
  warning,
  type Check,
  type CheckContext,
  type CheckResult,
  type CheckStatus,
  type LibraryChecks,
} from './check.js';
export { checkWriters, type NeededGrants } from './writers.check.js';
