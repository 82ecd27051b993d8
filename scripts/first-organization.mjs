// npm run first-organization -- --name Acme …: the first organization, its admin and an operator, in the database that
// DATABASE_URL or its parts name, else in the one of the running development system. In a container: the file below.
import { databaseUrl } from './outbox/database-url.mjs';

if (!process.env.DATABASE_URL && !process.env.DATABASE_HOST) process.env.DATABASE_URL = databaseUrl('api');
await import('../apps/api/dist/first-organization.js');
