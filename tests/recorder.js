// Runs in every page before its own scripts: records what the tests assert on, and changes nothing.
(() => {
  window.__peers = [];
  window.__mediaCalls = [];

  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = new Proxy(Peer, {
    construct(target, args, newTarget) {
      const made = Reflect.construct(target, args, newTarget);
      window.__peers.push(made);
      return made;
    },
  });

  const devices = navigator.mediaDevices;
  if (devices) {
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (constraints) => {
      window.__mediaCalls.push(JSON.parse(JSON.stringify(constraints ?? null)));
      return ask(constraints);
    };
  }

  // Frames that the element really displayed, counted from the first look on.
  window.__displayedFrames = (video) => {
    if (video.__frames === undefined) {
      video.__frames = 0;
      const count = () => {
        video.__frames += 1;
        video.requestVideoFrameCallback(count);
      };
      video.requestVideoFrameCallback(count);
    }
    return video.__frames;
  };

  // The colour in the middle of the picture, read back from the element: [red, green, blue].
  window.__colourOf = (video) => {
    const canvas = new OffscreenCanvas(16, 16);
    const paint = canvas.getContext("2d", { willReadFrequently: true });
    const [width, height] = [video.videoWidth, video.videoHeight];
    if (!width || !height) {
      return null;
    }
    paint.drawImage(video, width * 0.4, height * 0.4, width * 0.2, height * 0.2, 0, 0, 16, 16);
    const pixels = paint.getImageData(0, 0, 16, 16).data;
    const sum = [0, 0, 0];
    for (let at = 0; at < pixels.length; at += 4) {
      for (const part of [0, 1, 2]) {
        sum[part] += pixels[at + part];
      }
    }
    return sum.map((value) => Math.round(value / (pixels.length / 4)));
  };

  // What arrives on the one open connection, from its statistics.
  const received = async () => {
    const open = window.__peers.filter((peer) => peer.connectionState === "connected");
    const seen = {
      connections: open.length, framesDecoded: 0, audioPackets: 0, audioEnergy: 0, directions: {},
    };
    if (open.length !== 1) {
      return seen;
    }
    for (const report of (await open[0].getStats()).values()) {
      if (report.type === "inbound-rtp" && report.kind === "video") {
        seen.framesDecoded += report.framesDecoded ?? 0;
      } else if (report.type === "inbound-rtp" && report.kind === "audio") {
        seen.audioPackets += report.packetsReceived ?? 0;
        seen.audioEnergy += report.totalAudioEnergy ?? 0;
      }
    }
    for (const transceiver of open[0].getTransceivers()) {
      seen.directions[transceiver.receiver.track.kind] = transceiver.currentDirection;
    }
    return seen;
  };

  // Keeps window.__call up to date. A waiting test looks at that plain object: a predicate that returns a promise
  // would count as true at once, whatever the promise says.
  window.__watchCall = (pictureSelector, soundSelector) => {
    if (window.__isWatching) {
      return;
    }
    window.__isWatching = true;
    const look = async () => {
      const [video, audio] = [pictureSelector, soundSelector].map((selector) => document.querySelector(selector));
      window.__call = {
        ...(await received()),
        displayedFrames: video ? window.__displayedFrames(video) : 0,
        colour: video ? window.__colourOf(video) : null,
        isAudible: Boolean(audio) && !audio.muted && !audio.paused && audio.volume > 0,
        heardSeconds: audio ? audio.currentTime : 0,
      };
      setTimeout(look, 100);
    };
    look();
  };
})();
