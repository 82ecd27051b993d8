type Letter =
  'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm' | 'n' | 'o' | 'p' | 'q' | 'r' | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z'; // prettier-ignore
type NameCharacter = Letter | '_' | '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';

type IsNameTail<Text extends string> = Text extends ''
  ? true
  : Text extends `${infer First}${infer Others}`
    ? First extends NameCharacter
      ? IsNameTail<Others>
      : false
    : false;

/** What the compiler names when an event's name is refused. */
export interface EventNameRefused {
  readonly 'write the name of an event in snake_case, as user_created, and put what varies into fields': never;
}

/**
 * Accepts literal names in snake_case. Sentences, capitals, names put together at run time and plain `string` do not
 * compile: a name that varies cannot be searched for, counted or alarmed on.
 */
export type EventName<Name extends string> = Name extends `${Letter}${infer Others}`
  ? IsNameTail<Others> extends true
    ? Name
    : EventNameRefused
  : EventNameRefused;
