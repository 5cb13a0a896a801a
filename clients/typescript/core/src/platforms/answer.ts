/**
 * Guards a peer connection against answers that are none.
 *
 * @module
 */

import { SessionProblem } from '../platform.ts';

/** An error that comes with a good status must not reach the browser's parser, whose complaint says nothing. */
export function guardAnswer(connection: RTCPeerConnection): void {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- only its form with callbacks is
  const set = connection.setRemoteDescription.bind(connection);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above
  connection.setRemoteDescription = async (description: RTCSessionDescriptionInit): Promise<void> => {
    if (description.sdp?.startsWith('v=0') !== true) {
      throw new SessionProblem('webrtc_connection_failed', new Error('The answer to the offer is no SDP.'));
    }
    await set(description);
  };
}
