/** The first lines of an application, in the words of whoever writes it. */
export interface Snippet {
  name: string;
  install: string;
  code: string;
}

/** Returns them for the backend at `backendUrl`, which ends in `/api`. */
export function snippets(backendUrl: string): readonly Snippet[] {
  return [
    {
      name: 'React',
      install: 'npm install @limi-ai/react @openai/agents-realtime zod',
      code: `import { VoiceConnectionUI } from '@limi-ai/react/ui';
import '@limi-ai/react/ui.css';

export function Assistant() {
  return <VoiceConnectionUI backendUrl="${backendUrl}" />;
}`,
    },
    {
      name: 'JavaScript',
      install: 'npm install @limi-ai/client @openai/agents-realtime zod',
      code: `import { LimiAIVoiceClient } from '@limi-ai/client';

const voice = new LimiAIVoiceClient('${backendUrl}');
voice.on('onStateChange', (state) => console.log(state.status));
await voice.connect();`,
    },
    {
      name: 'Python',
      install: "pip install 'limi-ai-client[voice]'",
      code: `from limi_client import LimiAIClient

with LimiAIClient("${backendUrl}") as client, client.create_voice_session() as voice:
    voice.send_wav("hello.wav")
    answer = voice.next_answer()
    print(f"You:  {answer.asked}\\nLimi: {answer.text}")
    answer.save("answer.wav")`,
    },
    {
      name: 'curl',
      install: '',
      code: `curl -X POST ${backendUrl}/client-secret \\
  -H 'Content-Type: application/json' -d '{}'`,
    },
  ];
}
