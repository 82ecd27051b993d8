import type { Terminal } from './terminal.mjs';

export interface TimelineContext {
  readonly seenAs?: string;
  relativePath(path: string): string;
  emailFileOf(eventId: string): string | undefined;
}

export function timelineText(
  trail: { readonly correlation_id: string; readonly entries: readonly object[] },
  context: TimelineContext,
  terminal?: Terminal,
): string;
