/** All that the page gets of Electron: `window.limiVoice`. */
import '@limi-ai/electron/preload';
