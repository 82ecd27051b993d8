import { writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(__dirname, '../..');
const FOLDER = join(root, 'test/docs/example'); // a virtual folder that does not exist

/** The code blocks of a document in one language. */
export const codeBlocks = (text: string, language: string): string[] =>
  [...text.matchAll(/^```(\w+)\n([^]*?)^```/gm)].filter(([, found]) => found === language).map(([, , code = '']) => code);

export interface Compiled {
  /** The diagnostics of the compiler, each with the name of its file. */
  readonly problems: readonly string[];
  /** Writes the modules into a folder. */
  emit(folder: string): void;
}

/** Compiles blocks against the workspaces in one program. The first line of each block is a comment with its file name. */
export function compile(codes: readonly string[]): Compiled {
  const files = new Map(codes.map((code) => [join(FOLDER, /^\/\/ ([\w.-]+\.ts)/.exec(code)![1]!), code]));
  if (files.size < codes.length) throw new Error('Two code blocks name the same file.');
  const overrides = { noEmit: false, declaration: false, declarationMap: false, composite: false };
  const parsing = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const { options } = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.specs.json'), overrides, parsing)!;
  const program = ts.createProgram([...files.keys()], options, virtualHost(files, options));
  const sources = [...files.keys()].map((name) => program.getSourceFile(name)!);
  return {
    problems: sources.flatMap((source) =>
      [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ messageText }) => `${basename(source.fileName)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      ),
    ),
    emit(folder) {
      for (const source of sources) program.emit(source, (name, text) => writeFileSync(join(folder, basename(name)), text));
    },
  };
}

function virtualHost(files: ReadonlyMap<string, string>, options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  return {
    ...host,
    directoryExists: (name) => name === FOLDER || host.directoryExists!(name),
    fileExists: (name) => files.has(name) || host.fileExists(name),
    readFile: (name) => files.get(name) ?? host.readFile(name),
    getSourceFile: (name, target, ...rest) => {
      const code = files.get(name);
      return code === undefined ? host.getSourceFile(name, target, ...rest) : ts.createSourceFile(name, code, target);
    },
  };
}
