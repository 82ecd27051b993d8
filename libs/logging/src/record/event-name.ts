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

/** The type in the compiler error for an invalid event name. Its key is the text of the error. */
export interface EventNameRefused {
  readonly 'an event name is a snake_case literal such as user_created; variable parts belong in the fields': never;
}

/**
 * Accepts literal names in snake_case. Sentences, capitals, names built at run time and plain `string` do not compile,
 * because a variable name cannot be searched for, counted or used in an alarm.
 */
export type EventName<Name extends string> = Name extends `${Letter}${infer Others}`
  ? IsNameTail<Others> extends true
    ? Name
    : EventNameRefused
  : EventNameRefused;
