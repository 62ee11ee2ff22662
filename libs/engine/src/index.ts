export * from './engine.ts';
export * from './observer.ts';
export * from './offline.ts';
export * from './ports.ts';
export * from './role.ts';
export * from './service.ts';
export * from './standing.ts';
export * from './verify.ts';
