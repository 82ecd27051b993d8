import { Inject, Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor } from '@pikaia/core';

export const CURSOR_KEY = Symbol('pikaia.cursor-key');

/** Where a list goes on: opaque, signed, and good only for the list that gave it. */
@Injectable()
export class PageCursor {
  constructor(@Inject(CURSOR_KEY) private readonly key: string) {}

  encode(position: string, list: string): string {
    return encodeCursor(position, list, this.key);
  }

  /** @throws PikaiaError `PIKAIA_CURSOR_INVALID` for a cursor that another list or nobody gave. */
  decode(cursor: string, list: string): string {
    return decodeCursor(cursor, list, this.key) as string; // signed: nobody but encode() made it
  }
}
