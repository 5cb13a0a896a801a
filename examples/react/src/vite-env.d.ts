interface ImportMetaEnv {
  readonly VITE_LIMI_BACKEND_URL?: string;
}

interface ImportMeta {
  readonly env: ImportMetaEnv;
}
