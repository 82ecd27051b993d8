import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { permissionsOf, permissionsText } from './permissions.ts';
import { defaults } from './synthesis.ts';

writeFileSync(join(import.meta.dirname, '../../permissions.md'), permissionsText(permissionsOf(defaults())));
