declare module 'pg';
declare module 'ws';
