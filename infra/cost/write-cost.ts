import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaults } from '../test/support/synthesis.ts';
import { costDocument } from './document.ts';
import { deployedIn } from './resources.ts';

const synthesis = defaults();
const target = synthesis.deployment.settings.services.apiCpuTarget / 100;
writeFileSync(join(import.meta.dirname, '../../docs/cost.md'), costDocument(deployedIn(synthesis), target));
