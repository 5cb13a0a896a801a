/** What tools that cannot read components take them for; `vue-tsc` reads them. */
declare module '*.vue' {
  import type { Component } from 'vue';

  const component: Component;
  export default component;
}

interface ImportMetaEnv {
  readonly VITE_LIMI_BACKEND_URL?: string;
}

interface ImportMeta {
  readonly env: ImportMetaEnv;
}
