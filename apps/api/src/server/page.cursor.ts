import { Inject, Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor } from '@pikaia/core';

export const CURSOR_KEY = Symbol('pikaia.cursor-key');

/** Encodes the position where the next page of a list starts. A cursor is opaque, signed and valid only for its list. */
@Injectable()
export class PageCursor {
  constructor(@Inject(CURSOR_KEY) private readonly key: string) {}

  encode(position: string, listName: string): string {
    return encodeCursor(position, listName, this.key);
  }

  /** @throws PikaiaError `PIKAIA_CURSOR_INVALID` if the cursor belongs to another list or has a wrong signature. */
  decode(cursor: string, list: string): string {
    return decodeCursor(cursor, list, this.key) as string; // the signature proves that encode() created it
  }
}
