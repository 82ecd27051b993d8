export function scalingDocument(results: object): string;
