"""What a fake camera and microphone deliver: small files made by the test, one colour and one tone per person."""

import math
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

WIDTH, HEIGHT, FRAMES, FRAMES_PER_S = 640, 480, 12, 15
BLOCK = 64
SAMPLE_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Look:
    """The colour of a person's picture (red, green, blue) and the tone of their microphone."""

    name: str
    colour: tuple[int, int, int]
    tone_hz: int


GREEN = Look("green", (0, 170, 40), 440)
MAGENTA = Look("magenta", (190, 20, 190), 880)


def make_picture(look: Look, folder: Path) -> Path:
    """A Y4M film: the colour with a white block that moves, so that every frame differs."""
    luma, blue, red = _to_yuv(look.colour)
    plain_line = bytes([luma]) * WIDTH
    chroma = bytes([blue]) * (WIDTH * HEIGHT // 4) + bytes([red]) * (WIDTH * HEIGHT // 4)
    path = folder / f"{look.name}.y4m"
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_S}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in range(FRAMES):
            left = frame * (WIDTH - BLOCK) // FRAMES
            block_line = plain_line[:left] + b"\xeb" * BLOCK + plain_line[left + BLOCK :]
            film.write(b"FRAME\n" + block_line * BLOCK + plain_line * (HEIGHT - BLOCK) + chroma)
    return path


def make_sound(look: Look, folder: Path) -> Path:
    """One second of a tone, which Chromium repeats."""
    path = folder / f"{look.name}.wav"
    samples = (
        int(12_000 * math.sin(2 * math.pi * look.tone_hz * index / SAMPLE_RATE))
        for index in range(SAMPLE_RATE)
    )
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path


def _to_yuv(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """BT.601, studio range: what Chromium takes an untagged film of this size for."""
    red, green, blue = (value / 255 for value in colour)
    luma = 16 + 65.481 * red + 128.553 * green + 24.966 * blue
    blue_difference = 128 - 37.797 * red - 74.203 * green + 112.0 * blue
    red_difference = 128 + 112.0 * red - 93.786 * green - 18.214 * blue
    return round(luma), round(blue_difference), round(red_difference)
