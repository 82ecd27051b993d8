const MASK = '[masked]'; // what operators get instead of personal data

/** The name or address of a person, or that it is masked. */
export const personText = (text: string): string => (text === MASK ? 'Masked person' : text);
