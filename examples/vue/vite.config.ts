import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [vue()],
  server: { port: 3002 },
  // The official session is a megabyte, loaded when somebody connects.
  build: { chunkSizeWarningLimit: 1_200 },
});
