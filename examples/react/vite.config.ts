import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  server: { port: 3000 },
  // The official session is a megabyte, loaded when somebody connects.
  build: { chunkSizeWarningLimit: 1_200 },
});
