// npm run docs:log-events: writes docs/log-events.md, the list of every event that the code logs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventCatalogue, eventsDocument } from './log-events/catalogue.ts';
import { root } from './start/folders.ts';

writeFileSync(join(root, 'docs/log-events.md'), eventsDocument(eventCatalogue()));
console.log('Wrote docs/log-events.md.');
