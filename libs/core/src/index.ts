export * from './codes.ts';
export * from './event.ts';
export * from './key.ts';
export * from './limits.ts';
export * from './settings.ts';
export * from './topics.ts';
