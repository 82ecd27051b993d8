import { answerText, countsText } from './command-text.js';

describe('answerText', () => {
  it.each([
    ['pause', { outcome: 'done' }, 'The sink is paused.'],
    ['pause', { outcome: 'done', unchanged: true }, 'The sink was already paused. Nothing changed.'],
    ['resume', { outcome: 'done', unchanged: true }, 'The sink was already active. Nothing changed.'],
    ['skip', { outcome: 'done', was: 'failed' }, 'The event is skipped. It was failed.'],
    ['drop_type', { outcome: 'done', skipped: 1 }, 'The event type is dropped. 1 open event skipped.'],
    ['retire', { outcome: 'refused', reason: 'Pause the sink first.' }, 'Pause the sink first.'],
    ['replay', { outcome: 'failed' }, 'It gave no reason.'],
    ['replay', { outcome: 'done', dry_run: true, matched: 0 }, 'Counted: 0 matched.'],
    ['replay', { outcome: 'done', dry_run: false, matched: 3, sent: 2, canceled: true }, '3 matched, 2 sent. It was canceled.'],
  ] as const)('says what a sink answered to %s with %j', (command, answer, text) => {
    expect(answerText(command, answer)).toBe(text);
  });

  it('says that a sink has not answered', () => {
    expect(answerText('pause', null)).toContain('has not answered yet');
    expect(answerText('replay', null)).toContain('has not ended');
  });
});

describe('countsText', () => {
  it('names the counts that are not zero, and always the matches', () => {
    expect(countsText({ matched: 10, sent: 8, dead_letters: 0, skipped: 1, failed: 1, share: 0.5 })).toBe(
      '10 matched, 8 sent, 1 skipped by the handler, 1 failed',
    );
    expect(countsText({})).toBe('');
  });
});
