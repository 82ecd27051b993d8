// npm run docs:log-events: writes docs/log-events.md, the list of every event that the code logs.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventCatalogue, eventsDocument } from './log-events/catalogue.mjs';

writeFileSync(fileURLToPath(new URL('../docs/log-events.md', import.meta.url)), eventsDocument(eventCatalogue()));
console.log('Wrote docs/log-events.md.');
