const IRREGULAR = new Set(
  (
    'agreed arisen become begun bent bid bound bought broken brought built burnt cast caught chosen come cut dealt done drawn driven ' +
    'fallen fed felt found forgotten forgiven freed frozen given gone grown guaranteed had heard held hidden hit kept known laid lost left lent let ' +
    'lit made met overdue overridden paid put quit read rebuilt redone reset run said seen sent set shown shut sold sought spent ' +
    'split spread stood stolen struck sunk swapped sworn taken taught told thought thrown torn undone understood upset withdrawn ' +
    'went won worn written'
  ).split(' '),
);

/** False if no word after the dot looks like a past tense. English has exceptions, so callers only warn. */
export function isPastTense(type: string): boolean {
  const words = type.slice(type.indexOf('.') + 1).split('_');
  return words.some((word) => /[a-z][^e]ed$/.test(word) || IRREGULAR.has(word));
}
