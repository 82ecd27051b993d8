import { context, type Actor } from './context.js';
import { RunInContext } from './run-in-context.decorator.js';

const system = (id: string): Actor => ({ type: 'system', id });
const Mark = (value: string) => (_target: object, _name: string, descriptor: PropertyDescriptor) =>
  Reflect.defineMetadata('mark', value, descriptor.value as object);

class Jobs {
  private readonly name = 'jobs';

  @Mark('outer')
  @RunInContext({ actor: system('nightly-report') })
  async report(): Promise<unknown> {
    await Promise.resolve();
    context.bind({ organizationId: 'acme' });
    return [this.name, context.actor, context.organizationId, context.correlationId];
  }

  @RunInContext((job: { by: string }, attempt: number) => ({ actor: system(`${job.by}-${attempt}`), organizationId: 'acme' }))
  @Mark('inner')
  process(_job: { by: string }, _attempt: number): unknown {
    return [context.actor?.id, context.organizationId];
  }

  @RunInContext({})
  fail(): never {
    throw new Error('no paper');
  }
}

const jobs = new Jobs();

it('a method with @RunInContext runs in a new context for each call, and nothing remains outside', async () => {
  const [[name, actor, organization, first], [, , , second]] = (await Promise.all([jobs.report(), jobs.report()])) as [any, any];
  expect([name, actor, organization]).toEqual(['jobs', system('nightly-report'), 'acme']);
  expect(first).not.toBe(second);
  expect(() => jobs.fail()).toThrow('no paper');
  expect(context.current).toBeUndefined();
});

it('a method with @RunInContext does not have the actor of its caller', () => {
  context.run({ actor: { type: 'user', id: 'u1' } }, () => {
    expect(jobs.process({ by: 'mailer' }, 2)).toEqual(['mailer-2', 'acme']);
    expect([context.actor?.id, context.organizationId]).toEqual(['u1', undefined]);
  });
});

it('@RunInContext keeps the metadata and the name of the method, whatever the order of the decorators', () => {
  expect(Reflect.getMetadata('mark', jobs.report)).toBe('outer');
  expect(Reflect.getMetadata('mark', jobs.process)).toBe('inner');
  expect([jobs.report.name, jobs.process.length]).toEqual(['report', 2]);
});
