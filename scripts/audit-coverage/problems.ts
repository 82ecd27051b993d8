import ts from 'typescript';
import type { Coverage } from './coverage.ts';

/** A source file of the apps or libraries. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Describes what the catalogue of audit actions and the code disagree about. Empty if all is well. */
export function problemsOf({ entryPoints, actions }: Coverage, sources: readonly SourceFile[]): string[] {
  const used = new Set(entryPoints.flatMap((entryPoint) => entryPoint.actions));
  return [
    ...entryPoints
      .filter((entryPoint) => entryPoint.actions.length === 0 && !entryPoint.reason?.trim())
      .map(
        ({ kind, names, method }) =>
          `${kind} ${names.join(', ')} (${method}) declares neither @Audited(action) nor @NotAudited('why').`,
      ),
    ...actions
      .filter((action) => !used.has(action))
      .map(({ name }) => `${name} is declared, but no route, consumer or command names it in @Audited.`),
    ...findUnrecorded(sources).map((name) => `${name} is declared, but no code records it.`),
  ];
}

/**
 * Returns the names of the actions whose constant is used only in declarations: in `auditAction`, `@Audited`, imports and exports.
 * Actions that a function declares are not checked, because their constants are not visible.
 */
function findUnrecorded(sources: readonly SourceFile[]): string[] {
  const names = new Map<string, string>();
  const recorded = new Set<string>();
  for (const { path, text } of sources) {
    const visit = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || isCallOf(node, 'Audited')) return;
      if (ts.isVariableDeclaration(node) && node.initializer && isCallOf(node.initializer, 'auditAction')) {
        const [name] = node.initializer.arguments;
        if (name && ts.isStringLiteral(name) && ts.isIdentifier(node.name)) names.set(node.name.text, name.text);
        return;
      }
      if (ts.isIdentifier(node)) recorded.add(node.text);
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  }
  return [...names].filter(([constant]) => !recorded.has(constant)).map(([, name]) => name);
}

const isCallOf = (node: ts.Node, name: string): node is ts.CallExpression =>
  ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === name;
