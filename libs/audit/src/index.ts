export { auditMigrations } from './migrations/index.js';
