import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'lab/**/*.test.ts'],
    exclude: ['**/*.lab.test.ts', '**/node_modules/**'],
    pool: 'threads',
    maxWorkers: 2,
    passWithNoTests: false,
  },
});
