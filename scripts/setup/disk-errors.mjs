// Used by setup, which runs before any package is installed: no dependencies, no TypeScript.
const REMEDIES = new Map([
  ['ENOSPC', 'The disk is full. Free some space'],
  ['EDQUOT', 'The disk quota of this user is used up. Free some space'],
  ['EROFS', 'The file system is read-only. Use a folder that can be written'],
  ['EACCES', 'This user may not access the file. Change its owner or its permissions, or start as another user'],
  ['EPERM', 'This user may not change the file. Change its owner or its permissions, or start as another user'],
  ['EMFILE', 'Too many files are open. Raise the limit (ulimit -n)'],
  ['ENFILE', 'Too many files are open on this machine. Close some programs'],
]);

/**
 * One line about an error of the operating system, which says what to do if the disk is the cause. Undefined for other errors.
 */
export function systemErrorText(error) {
  const { code, path, syscall, message } = error instanceof Error ? error : {};
  if (code === undefined || syscall === undefined) return undefined;
  return diskRemedy(code, path ?? message) ?? message;
}

/** The line about an error of the disk, such as `ENOSPC`. `subject` is a file or a message. Undefined for other codes. */
export function diskRemedy(code, subject) {
  const remedy = REMEDIES.get(code);
  return remedy && `${remedy}, then repeat the command (${code}${subject ? `: ${subject}` : ''}).`;
}
