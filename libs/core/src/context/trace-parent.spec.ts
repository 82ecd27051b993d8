import { parseTraceParent, traceIdAsUuid } from './trace-parent.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('parseTraceParent', () => {
  it('takes trace and parent from a header of version 00, and freezes them', () => {
    const parsed = parseTraceParent(`00-${TRACE}-${PARENT}-01`)!;
    expect(parsed).toEqual({ traceId: TRACE, parentId: PARENT });
    expect(Object.isFrozen(parsed)).toBe(true);
    expect(traceIdAsUuid(parsed)).toBe('4bf92f35-77b3-4da6-a3ce-929d0e0e4736');
  });

  it('takes the known part of a later version', () => {
    expect(parseTraceParent(`cc-${TRACE}-${PARENT}-09-what-comes`)).toEqual({ traceId: TRACE, parentId: PARENT });
    expect(parseTraceParent(`cc-${TRACE}-${PARENT}-09`)).toEqual({ traceId: TRACE, parentId: PARENT });
  });

  it.each([
    ['nothing', undefined],
    ['several', [`00-${TRACE}-${PARENT}-01`]],
    ['several, joined', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
    ['no text', ''],
    ['the version ff', `ff-${TRACE}-${PARENT}-01`],
    ['a version of one digit', `0-${TRACE}-${PARENT}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['a short trace', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['a long trace', `00-${TRACE}0-${PARENT}-01`],
    ['a short parent', `00-${TRACE}-${PARENT.slice(1)}-01`],
    ['no flags', `00-${TRACE}-${PARENT}`],
    ['more than version 00 has', `00-${TRACE}-${PARENT}-01-more`],
    ['more without a dash', `cc-${TRACE}-${PARENT}-01more`],
    ['a line break', `00-${TRACE}-${PARENT}-01\n`],
    ['what is no digit', `00-${TRACE.replace('4', 'g')}-${PARENT}-01`],
    ['a very long one', `cc-${TRACE}-${PARENT}-01-${'x'.repeat(1_000)}`],
  ])('ignores %s', (_, header) => {
    expect(parseTraceParent(header)).toBeUndefined();
  });
});
