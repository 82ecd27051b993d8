export { BillingDashboard } from './billing-dashboard/billing-dashboard.consumer.js';
export { CONSUMERS } from './consumers.js';
export { consumersIn, deploy, type DeployedConsumer, type Place } from './deployed-consumer.js';
export { PermissionsCache } from './permissions-cache/permissions-cache.consumer.js';
