export type Tone = 'good' | 'bad' | 'warn' | 'neutral';

const TONES: Readonly<Record<string, Tone>> = {
  published: 'good',
  done: 'good',
  active: 'good',
  failed: 'bad',
  refused: 'bad',
  retrying: 'warn',
  waiting: 'warn',
  paused: 'warn',
  claimed: 'warn',
};

const toneOf = (status: string): Tone => TONES[status] ?? 'neutral';

/** A status as a word with a color. The word alone is enough to understand it. */
export const Status = ({ status, tone = toneOf(status) }: { readonly status: string; readonly tone?: Tone }) => (
  <span className={`status ${tone}`}>{status.replaceAll('_', ' ')}</span>
);
