import { subjectOf } from './command-subject.js';

type Command = Parameters<typeof subjectOf>[0];

const subject = (command: Command['command'], values: unknown, ...sinks: string[]) =>
  subjectOf({ command, arguments: values, sinks: sinks.map((sink) => ({ sink })) } as Command);

describe('subjectOf', () => {
  it.each([
    ['pause', {}, { text: 'bus' }],
    ['drop_type', { event_type: 'member.invited' }, { text: 'member.invited of bus' }],
    ['skip', { event_id: 'e/1' }, { text: 'event e/1 at bus', path: '/events/e%2F1' }],
    ['replay', { filter: { event_id: 'e1' }, dry_run: false }, { text: 'event e1 at bus', path: '/events/e1' }],
    ['replay', { filter: { event_ids: ['e1'] }, dry_run: false }, { text: 'event e1 at bus', path: '/events/e1' }],
    ['replay', { filter: { event_ids: ['e1', 'e2'] }, dry_run: false }, { text: '2 events at bus' }],
    [
      'replay',
      { filter: { event_type: 'member.invited', status: 'failed' }, dry_run: true },
      { text: '(count only) events with event type member.invited, status failed at bus' },
    ],
    ['cancel', { command_id: 'c1' }, { text: 'the replay c1' }],
  ] as const)('names the subject of %s %j', (command, values, expected) => {
    expect(subject(command, values, 'bus')).toEqual(expected);
  });

  it('names all sinks of a command', () => {
    expect(subject('skip', { event_id: 'e1' }, 'bus', 'mail').text).toBe('event e1 at bus, mail');
  });

  it.each([null, [], 'text', 7, {}])('accepts the arguments %j of a command that was given by SQL', (values) => {
    expect(subject('replay', values, 'bus').text).toBe('events with an unknown filter at bus');
    expect(subject('skip', values, 'bus')).toEqual({ text: 'event undefined at bus' });
  });
});
