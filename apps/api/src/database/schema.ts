import { auditMigrations } from '@pikaia/audit';
import { migrate, type MigrateOptions, type RolePasswords } from '@pikaia/database';
import { outboxMigrations } from '@pikaia/events';
import { CreateBillingDashboard1764600006002 } from './billing-dashboard.migration.js';
import { CommentOrganizations1764400003000 } from './comments.migration.js';
import { AddEmailKeys1764000005000, FillEmailKeys1764000005001 } from './email-keys.migration.js';
import { CreateOrganizations1764000003000 } from './example-tables.migration.js';
import { CreateIdempotencyKeys1764600003000 } from './idempotency.migration.js';
import { CreateIdentityObjects1764600007000 } from './identity-objects.migration.js';
import { UniqueProviderIdsOfLiveMembers1764600005000 } from './live-provider-ids.migration.js';
import { AddNameIndexes1764600009003 } from './name-indexes.migration.js';
import { CreatePermissionsCache1764500003000 } from './permissions-cache.migration.js';
import { CreateProcessedWebhooks1764600006000 } from './processed-webhooks.migration.js';
import { CreateSubscriptions1764600006001 } from './subscriptions.migration.js';
import { CreateRateLimitWindow1764600004000 } from './rate-limit-window.migration.js';
import { AddWebhookSending1764600008500 } from './webhook-sending.migration.js';
import { CreateWebhooks1764600008000 } from './webhooks.migration.js';
import { AddViewers1764600009000 } from './viewers.migration.js';

/**
 * All migrations of the system. The number in the name of a migration determines the order.
 *
 * @public `npm run doctor` reads it.
 */
export const migrations = [
  ...outboxMigrations(),
  ...auditMigrations(),
  CreateOrganizations1764000003000,
  AddEmailKeys1764000005000,
  FillEmailKeys1764000005001,
  CommentOrganizations1764400003000,
  CreatePermissionsCache1764500003000,
  CreateIdempotencyKeys1764600003000,
  CreateRateLimitWindow1764600004000,
  UniqueProviderIdsOfLiveMembers1764600005000,
  CreateProcessedWebhooks1764600006000,
  CreateSubscriptions1764600006001,
  CreateBillingDashboard1764600006002,
  CreateIdentityObjects1764600007000,
  CreateWebhooks1764600008000,
  AddWebhookSending1764600008500,
  AddViewers1764600009000,
  AddNameIndexes1764600009003,
];

/**
 * Runs the pending migrations as the owner, whose connection string is `url`. Sets `passwords` on the roles that it creates, and
 * on existing roles only with `renewPasswords`. `statementTimeoutMs` replaces the limits of the roles.
 */
export const migrateSchema = (
  url: string,
  passwords?: RolePasswords,
  options: Pick<MigrateOptions, 'renewPasswords' | 'statementTimeoutMs'> = {},
) => migrate({ url, migrations, passwords, ...options });
