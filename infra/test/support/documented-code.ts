import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The code examples of a document whose first line names their file: `// infra/src/…`. */
export function codeIn(document: string): Map<string, string> {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n(\/\/ (infra\/\S+\.ts)\n[^]*?)^```/gm)];
  return new Map(blocks.map(([, code, name]) => [join(ROOT, name!), code!]));
}

/** The errors of the compiler for the files, as if they were part of infra. */
export function problemsOf(files: ReadonlyMap<string, string>): string[] {
  const parsing = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const { options } = ts.getParsedCommandLineOfConfigFile(join(ROOT, 'infra/tsconfig.json'), {}, parsing)!;
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([...files.keys()], options, {
    ...host,
    fileExists: (name) => files.has(name) || host.fileExists(name),
    readFile: (name) => files.get(name) ?? host.readFile(name),
    getSourceFile: (name, target, ...rest) => {
      const code = files.get(name);
      return code === undefined ? host.getSourceFile(name, target, ...rest) : ts.createSourceFile(name, code, target);
    },
  });
  return [...files.keys()]
    .map((name) => program.getSourceFile(name)!)
    .flatMap((source) => [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)])
    .map(({ file, messageText }) => `${basename(file!.fileName)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}
