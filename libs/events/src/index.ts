export { outboxMigrations } from './migrations/index.js';
