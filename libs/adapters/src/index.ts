export * from './lmdb/embedded.ts';
export * from './memory/link.ts';
export * from './memory/log.ts';
export * from './memory/store-server.ts';
export * from './memory/world.ts';
