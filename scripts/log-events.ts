// npm run docs:log-events: writes docs/log-events.md, the list of every event that the code logs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventCatalog, eventsDocument } from './log-events/catalog.ts';
import { root } from './start/folders.ts';

writeFileSync(join(root, 'docs/log-events.md'), eventsDocument(eventCatalog()));
console.log('Wrote docs/log-events.md.');
