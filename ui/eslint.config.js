import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const tauriStaysInside = {
  patterns: [
    { group: ['@tauri-apps/*'], message: 'Only src/lib/backend knows Tauri: add a method to Backend.' },
  ],
};

export default ts.config(
  { ignores: ['dist/', 'dist-fake/', 'node_modules/', 'src/lib/bindings/'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      'no-undef': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-imports': ['error', tauriStaysInside],
      'max-lines': ['error', { max: 300, skipBlankLines: false }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      // A style attribute would break the content security policy; `style:` directives go through the CSSOM.
      'no-restricted-syntax': [
        'error',
        { selector: 'SvelteAttribute[key.name="style"]', message: 'Use a class, or a style: directive.' },
      ],
      // Sets and maps that nothing in the page reads need not be reactive.
      'svelte/prefer-svelte-reactivity': 'off',
      'svelte/valid-compile': 'error',
    },
  },
  { files: ['src/lib/backend/**'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['*.config.*', 'tests/**'], languageOptions: { globals: { ...globals.node } } },
);
