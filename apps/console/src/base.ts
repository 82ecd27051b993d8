const { pathname } = new URL(document.baseURI);

/** The path of the console without a slash at its end: `/console`, or longer behind a proxy that adds a prefix. */
export const CONSOLE_PATH = pathname.replace(/\/$/, '');

/** The path before `/console` and `/api/v1`. Empty unless a proxy adds a prefix. */
export const ROOT_PATH = CONSOLE_PATH.replace(/\/console$/, '');
