// Runs in a page before its own scripts: records every candidate and every description, own and the other side's.
(() => {
  window.__candidates = [];
  window.__descriptions = [];
  window.__configurations = [];
  const peer = window.RTCPeerConnection.prototype;
  const heard = new WeakSet();

  const { addIceCandidate, setLocalDescription, setRemoteDescription, setConfiguration } = peer;
  peer.addIceCandidate = function (candidate, ...rest) {
    window.__candidates.push({ side: "other", text: candidate?.candidate ?? "" });
    return addIceCandidate.call(this, candidate, ...rest);
  };
  peer.setLocalDescription = async function (...given) {
    if (!heard.has(this)) {
      heard.add(this);
      this.addEventListener("icecandidate", ({ candidate }) => {
        window.__candidates.push({ side: "own", text: candidate?.candidate ?? "" });
      });
    }
    window.__configurations.push(this.getConfiguration().iceTransportPolicy);
    await setLocalDescription.apply(this, given);
    window.__descriptions.push({ side: "own", sdp: this.localDescription.sdp });
  };
  peer.setRemoteDescription = function (description, ...rest) {
    window.__configurations.push(this.getConfiguration().iceTransportPolicy);
    window.__descriptions.push({ side: "other", sdp: description?.sdp ?? "" });
    return setRemoteDescription.call(this, description, ...rest);
  };
  peer.setConfiguration = function (configuration) {
    window.__configurations.push(configuration?.iceTransportPolicy ?? "all");
    return setConfiguration.call(this, configuration);
  };
})();
