import type { Terminal } from './terminal.mjs';

export interface Place {
  readonly seenAs?: string;
  relative(path: string): string;
  letterOf(eventId: string): string | undefined;
}

export function timelineText(
  trail: { readonly correlation_id: string; readonly entries: readonly object[] },
  place: Place,
  terminal?: Terminal,
): string;
