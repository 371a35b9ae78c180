/**
 * The options of a passkey as the server writes them (base64url) and as the browser takes them (bytes), and the
 * browser's answer as the server reads it. Browsers can do this by themselves only since 2024.
 */

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export function bytesOf(text) {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(plain, (character) => character.charCodeAt(0))
}

/** @param {ArrayBuffer | null | undefined} buffer */
export function textOf(buffer) {
  if (!buffer) return undefined
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('')
  return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

/** @param {any} options for navigator.credentials.create */
export function creationOptions(options) {
  return {
    ...options,
    challenge: bytesOf(options.challenge),
    user: { ...options.user, id: bytesOf(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(withBytes)
  }
}

/** @param {any} options for navigator.credentials.get */
export function requestOptions(options) {
  return {
    ...options,
    challenge: bytesOf(options.challenge),
    allowCredentials: (options.allowCredentials ?? []).map(withBytes)
  }
}

/** @param {any} credential @returns {any} */
function withBytes(credential) {
  return { ...credential, id: bytesOf(credential.id) }
}

/**
 * @param {any} credential what the browser gave
 * @returns {string} JSON
 */
export function answerOf(credential) {
  const { response } = credential
  return JSON.stringify({
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults?.() ?? {},
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      userHandle: textOf(response.userHandle),
      transports: response.getTransports?.()
    }
  })
}
