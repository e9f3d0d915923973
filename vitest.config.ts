/** The tests that need nothing but Node: run by `npm test` and `npm run unit`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,test,lab,scripts}/**/*.test.ts'],
    exclude: ['**/*.lab.test.ts', '**/node_modules/**'],
    pool: 'threads',
    maxWorkers: 2,
    // Modules are loaded once for each worker: a third of the time went there. No test may change what others import.
    isolate: false,
    passWithNoTests: false,
    // Properties take seconds on a machine that others use as well; what hangs is still ended.
    testTimeout: 60_000,
  },
});
