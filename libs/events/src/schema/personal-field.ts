/** True if a field of a contract class, or of a class inside one, contains personal data. No decorator marks such fields yet. */
export const isPersonal = (_type: Function, _field: string): boolean => false;

/** The end of the comment that contract files give a field with personal data. */
export const PERSONAL_COMMENT = 'personal data';
