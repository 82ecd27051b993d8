// npm run first-organization -- --name Acme …: creates the first organization, its admin and an operator.
// It uses the database of DATABASE_URL or DATABASE_HOST, else the running development database. A container runs the
// imported file directly.
import { databaseUrl } from './outbox/database-url.ts';

const { argv, env } = process;
if (!argv.includes('--help') && !env['DATABASE_URL'] && !env['DATABASE_HOST']) env['DATABASE_URL'] = databaseUrl('api');
await import('../apps/api/dist/first-organization.js');
