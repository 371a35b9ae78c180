/**
 * The socket library and our reconnecting wrapper: one file that the live pages and the room share.
 */
import { io } from 'socket.io-client'

export { Connection, fetchToken } from './connection.js'

/**
 * A socket that connects when it is told to, over WebSocket only, and never by itself.
 *
 * @returns {import('./connection.js').SocketLike}
 */
export function createSocket() {
  return io({
    transports: ['websocket'],
    autoConnect: false,
    reconnection: false,
    timeout: 8000
  })
}
