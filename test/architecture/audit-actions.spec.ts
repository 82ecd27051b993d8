import { Controller, Injectable, Module, Post, type DynamicModule } from '@nestjs/common';
import { Audit, auditAction, Audited, NotAudited } from '@pikaia/audit';
import { Consumer, DomainEvent, Handles } from '@pikaia/events';
import { IsInt } from 'class-validator';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { routePath } from '../../apps/api/src/server/api-prefix.js';
import { readCoverage, type Coverage } from '../../scripts/audit-coverage/coverage.ts';
import { coverageDocument, coverageText } from '../../scripts/audit-coverage/document.ts';
import { problemsOf } from '../../scripts/audit-coverage/problems.ts';

const root = resolve(__dirname, '../..');
const run = promisify(execFile);

@DomainEvent('lamp.lit', { version: 1, aggregate: 'lamp' })
class LampLit {
  @IsInt()
  watts!: number;
}

const about = { aggregate: 'lamp', changes: 'none', description: 'A lamp | is planted.' } as const;
const lampLit = auditAction('lamp.lit', { ...about, event: LampLit });
const lampCleaned = auditAction('lamp.cleaned', about);
const lampForgotten = auditAction('lamp.forgotten', about);

@Controller('lamps')
class LampsController {
  @Post(['light', ':id/light/'])
  @Audited(lampLit, lampCleaned)
  light(): void {}

  @Post('search')
  @NotAudited('reads only')
  search(): void {}
}

@Controller()
class CarelessController {
  @Post()
  change(): void {}

  @Post('blank')
  @NotAudited(' ')
  blank(): void {}
}

@Consumer('lamp-cleaner', { from: 'now' })
class LampCleaner {
  constructor(readonly audit: Audit) {}

  @Audited(lampCleaned)
  @Handles(LampLit, { effect: 'database' })
  clean(): void {}
}

@Consumer('lamp-counter', { from: 'now' })
class LampCounter {
  constructor(readonly audit: Audit) {}

  @Handles(LampLit, { effect: 'database' })
  count(): void {}
}

@Injectable()
class LampService {
  constructor(readonly audit: Audit) {}
}

@Consumer('lamp-helper', { from: 'now' })
class LampHelper {
  constructor(readonly lamps: LampService) {}

  @Handles(LampLit, { effect: 'database' })
  help(): void {}
}

class LampCommand {
  @Audited(lampCleaned)
  clean(): void {}
}

@Module({})
class Planted {}

const moduleOf = (parts: Omit<DynamicModule, 'module'>): DynamicModule => ({ module: Planted, ...parts });

const coverageOf = (controllers: (new () => object)[], consumers: Function[]): Promise<Coverage> =>
  readCoverage({
    api: moduleOf({ controllers }),
    routePath,
    consumers,
    commands: { lamps: moduleOf({ providers: [LampCommand, { provide: 'factory', useFactory: () => 1 }] }) },
  });

const source = (text: string) => [{ path: 'apps/api/src/planted.ts', text }];

describe('npm run audit:coverage', () => {
  it('finds no problem in the example, and docs/audit-actions.md is current (to update it, add -- --write)', async () => {
    const { stdout, stderr } = await run('node_modules/.bin/node', ['scripts/audit-coverage.ts'], { cwd: root });
    expect(stderr).toBe('');
    expect(stdout).toContain('route POST /api/v1/members/invitations: member.invited (event member.invited)');
  });

  it('lists routes, consumers and commands with their actions and events', async () => {
    const coverage = await coverageOf([LampsController], [LampCleaner]);
    expect(coverageText(coverage).split('\n')).toEqual([
      'route POST /api/v1/lamps/light, POST /api/v1/lamps/:id/light: lamp.lit (event lamp.lit), lamp.cleaned',
      'route POST /api/v1/lamps/search: nothing: reads only',
      'consumer lamp-cleaner: lamp.cleaned',
      'command npm run lamps: lamp.cleaned',
    ]);
    const document = coverageDocument(coverage);
    expect(document).toContain(
      '| `lamp.cleaned` | A lamp \\| is planted. | `POST /api/v1/lamps/light`<br>`POST /api/v1/lamps/:id/light`<br>`consumer lamp-cleaner`<br>`npm run lamps` | `lamp` | none |  |',
    );
    expect(document).toContain('| `lamp-cleaner` | `LampCleaner` | `lamp.lit` | `lamp.cleaned` |  |');
  });

  it('reports routes and consumers that declare nothing, and actions that nothing declares', async () => {
    const coverage = await coverageOf([CarelessController], [LampCounter, LampHelper]);
    expect(problemsOf(coverage, [])).toEqual([
      "route POST /api/v1 (CarelessController.change) declares neither @Audited(action) nor @NotAudited('why').",
      "route POST /api/v1/blank (CarelessController.blank) declares neither @Audited(action) nor @NotAudited('why').",
      "consumer lamp-counter (LampCounter) declares neither @Audited(action) nor @NotAudited('why').",
      "consumer lamp-helper (LampHelper) declares neither @Audited(action) nor @NotAudited('why').",
      'lamp.forgotten is declared, but no route, consumer or command names it in @Audited.',
      'lamp.lit is declared, but no route, consumer or command names it in @Audited.',
    ]);
    expect(lampForgotten.name).toBe('lamp.forgotten');
  });

  it('reports an action that is only declared, imported and named in @Audited, and never recorded', () => {
    const declared = `import { auditAction } from '@pikaia/audit';
      export const lampLit = auditAction('lamp.lit', { aggregate: 'lamp', changes: 'none', description: '' });
      export { lampLit as lit };
      class Lamps { @Audited(lampLit) light() {} }`;
    const problem = 'lamp.lit is declared, but no code records it.';
    const problems = (text: string): string[] => problemsOf({ entryPoints: [], actions: [] }, source(text));
    expect(problems(declared)).toEqual([problem]);
    expect(problems(`${declared}\nthis.audit.record(lampLit, lamp);`)).toEqual([]);
  });
});
