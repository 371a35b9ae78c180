"""Names as they are looked for: without accents, case and punctuation, whole and in their parts."""

import re
import unicodedata

# Letters that have no accent to take off.
_PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
_APOSTROPHES = "'\u2018\u2019\u02bc\u02b9`\u00b4"
_INSIDE = re.compile(rf"[{_APOSTROPHES}\-\u2010-\u2015]")
# Between two names; "s/o" is one word.
_BETWEEN = re.compile(r"[,;]|(?<=\w\w)/(?=\w\w)")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
LONGEST_WORD = 60
# As many as a name may put into the index: no name is so long, but a field may be.
MOST_WORDS = 24
# A shorter word is one letter away from too many others.
SHORTEST_TYPO = 4


def plain_text(text: str) -> str:
    """Lower case, without accents: "Siân" becomes "sian". Each kind of apostrophe becomes the plain one."""
    if text.isascii():  # most names, and a search for likely duplicates reads thousands
        return text.lower().replace("`", "'")
    parts = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in parts if not unicodedata.combining(c)).casefold().translate(_PLAIN)
    return "".join("'" if c in _APOSTROPHES else c for c in bare)


def same_name_key(name: str) -> str:
    """Equal for names that are one name to people: in whatever capitals, and an Ô may be one character or two."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def query_words(text: str) -> tuple[str, ...]:
    """The words of a typed name, each as it is in the index."""
    words = []
    for piece in _BETWEEN.sub(" ", plain_text(text)).split():
        word = _bare(piece)
        if word:
            words.append(word[:LONGEST_WORD])
    return tuple(dict.fromkeys(words))


def name_words(*names: str) -> tuple[str, ...]:
    """All words by which somebody of these names is found, in a fixed order.

    "Smith-Jones" is found whole and in its parts, "De Souza" also as "desouza", "MacDonald" also as "mcdonald".
    """
    words: list[str] = []
    for name in names:
        pieces = _BETWEEN.sub(" ", plain_text(name)).split()
        for piece in pieces:
            words.append(_bare(piece))
            words.extend(part for part in map(_bare, _INSIDE.split(piece)) if len(part) > 1)
        if 1 < len(pieces) <= 3:
            words.append(_bare("".join(pieces)))
    both = [kind for word in words for kind in (word, _other_mac(word)) if kind]
    return tuple(dict.fromkeys(word[:LONGEST_WORD] for word in both))[:MOST_WORDS]


def variants(word: str) -> tuple[str, ...]:
    """The words that are one typing mistake away: a letter too many, missing, wrong, or two that changed places."""
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = [a + b[1:] for a, b in halves if b]
    found += [a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1]
    found += [a + letter + b[1:] for a, b in halves if b for letter in _LETTERS]
    found += [a + letter + b for a, b in halves for letter in _LETTERS]
    return tuple(other for other in dict.fromkeys(found) if other != word)


def is_one_mistake(word: str, other: str) -> bool:
    """Whether `other` is among the `variants` of a word, without making them all."""
    if word == other or abs(len(word) - len(other)) > 1:
        return False
    start = 0
    for mine, theirs in zip(word, other, strict=False):
        if mine != theirs:
            break
        start += 1
    rest, other_rest = word[start:], other[start:]
    if len(rest) == len(other_rest):
        swapped = len(rest) > 1 and rest[1] + rest[0] + rest[2:] == other_rest
        return swapped or rest[1:] == other_rest[1:]
    return rest[1:] == other_rest or rest == other_rest[1:]


def _bare(piece: str) -> str:
    return "".join(c for c in piece if c.isalnum())


def _other_mac(word: str) -> str:
    """The other way to write "Mac"; "" for a word that does not begin so."""
    if word.startswith("mac") and len(word) > 5:
        return "mc" + word[3:]
    if word.startswith("mc") and len(word) > 4:
        return "mac" + word[2:]
    return ""
