import { byteLength, canonicalJson, type Json } from '../entry/normal-form.js';

/** The values that differ, by JSON Pointer (RFC 6901). A value that one side does not have is missing there. */
interface ChangedPaths {
  readonly old: { readonly [pointer: string]: Json };
  readonly new: { readonly [pointer: string]: Json };
}

const LARGE_BYTES = 4 * 1024; // of both values together: they fill a screen, and an entry has 64 KiB

const isContainer = (value: Json | undefined): value is object & Json => typeof value === 'object' && value !== null;
const sizeOf = (value: Json): number => byteLength(canonicalJson(value));

/**
 * Returns what differs between two large objects or lists, or undefined if they are small, not of one kind, or if the differences are
 * not smaller than the values.
 */
export function changedPaths(before: Json, after: Json): ChangedPaths | undefined {
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) return undefined;
  const size = sizeOf(before) + sizeOf(after);
  if (size <= LARGE_BYTES) return undefined;
  const paths = { old: {} as Record<string, Json>, new: {} as Record<string, Json> };
  collect('', before, after, paths);
  return sizeOf(paths.old) + sizeOf(paths.new) < size ? paths : undefined;
}

/** A whole value as it is recorded: one that would read as changed paths is the value at the path of the document. */
export const wholeValue = (value: Json): Json =>
  isContainer(value) && Object.keys(value).length === 1 && Object.hasOwn(value, 'paths') ? { paths: { '': value } } : value;

function collect(
  pointer: string,
  before: Json | undefined,
  after: Json | undefined,
  paths: { readonly old: Record<string, Json>; readonly new: Record<string, Json> },
): void {
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const path = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      collect(path, valueAt(before, name), valueAt(after, name), paths);
    }
    return;
  }
  if (before === after) return;
  if (before !== undefined) paths.old[pointer] = before;
  if (after !== undefined) paths.new[pointer] = after;
}

const valueAt = (container: object, name: string): Json | undefined =>
  Object.hasOwn(container, name) ? (container as Readonly<Record<string, Json>>)[name] : undefined;
