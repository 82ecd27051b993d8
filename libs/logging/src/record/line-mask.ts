import { ContextSlot, type ContextScope, type TextMask } from '@pikaia/core';

const slot = new ContextSlot<{ mask: TextMask | undefined }>(() => ({ mask: undefined }));

/**
 * Masks texts in all later lines of the current context: in their fields, messages and errors. The fields of the context itself,
 * such as `usr.email`, stay. Does nothing outside any context.
 */
export function maskLogLines(mask: TextMask | undefined): void {
  const entry = slot.getOrCreate();
  if (entry) entry.mask = mask;
}

/** The mask of the lines of a context. */
export const lineMask = (scope: ContextScope): TextMask | undefined => slot.get(scope)?.mask;
