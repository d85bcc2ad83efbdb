import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

// The window's content security policy, so that `vite preview` shows violations as the real window would.
const csp = "default-src 'self'; connect-src 'self' ipc: http://ipc.localhost";

export default defineConfig({
  base: './',
  plugins: [svelte(), svelteTesting()],
  resolve: { alias: { $lib: '/src/lib' } },
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  preview: { headers: { 'Content-Security-Policy': csp } },
  build: {
    target: 'es2022',
    // Small pictures would become data: addresses, which the policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: 'happy-dom',
    // axe walks whole views; two busy cores take their time.
    testTimeout: 60_000,
    include: ['tests/**/*.test.ts', 'src/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    restoreMocks: true,
  },
});
