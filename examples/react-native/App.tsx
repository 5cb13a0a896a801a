import NetInfo from '@react-native-community/netinfo';
import { useVoiceConnection } from '@limi-ai/react-native';
import { Pressable, ScrollView, StyleSheet, Text, View } from 'react-native';
import InCallManager from 'react-native-incall-manager';

/** An Android emulator knows the computer it runs on as 10.0.2.2; a telephone knows it by its address. */
const BACKEND_URL = process.env.EXPO_PUBLIC_LIMI_BACKEND_URL ?? 'http://localhost:3001/api';

export default function App() {
  const voice = useVoiceConnection({
    backendUrl: BACKEND_URL,
    inCallManager: InCallManager,
    netInfo: NetInfo,
  });
  const { status, attempt, error, transcript, muted } = voice;
  const isOn = voice.isConnected || voice.isConnecting;
  return (
    <View style={styles.page}>
      <Text accessibilityRole="header" style={styles.title}>
        Voice assistant
      </Text>
      <Text accessibilityLiveRegion="polite">
        {attempt > 0 ? `Reconnecting, attempt ${attempt}` : status}
      </Text>
      {error && <Text accessibilityRole="alert">{`${error.message}. ${error.hint}`}</Text>}
      <ScrollView style={styles.words}>
        {transcript.map(({ id, role, text }) => (
          <Text key={id}>{`${role === 'user' ? 'You' : 'Assistant'}: ${text}`}</Text>
        ))}
      </ScrollView>
      <Action
        label={isOn ? 'Disconnect' : 'Connect Voice'}
        onPress={() => void (isOn ? voice.disconnect() : voice.connect())}
      />
      <Action label={muted ? 'Unmute' : 'Mute'} onPress={() => voice.mute(!muted)} />
    </View>
  );
}

function Action({ label, onPress }: { label: string; onPress: () => void }) {
  return (
    <Pressable accessibilityRole="button" onPress={onPress} style={styles.action}>
      <Text style={styles.label}>{label}</Text>
    </Pressable>
  );
}

const styles = StyleSheet.create({
  page: { flex: 1, gap: 12, paddingHorizontal: 24, paddingVertical: 64 },
  title: { fontSize: 24, fontWeight: '600' },
  words: { flex: 1 },
  action: { alignItems: 'center', backgroundColor: '#1d4ed8', borderRadius: 8, padding: 16 },
  label: { color: 'white', fontSize: 16 },
});
