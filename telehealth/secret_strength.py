"""Whether somebody could guess the secret that signs sessions and links."""

import re

# From documentation and defaults of products: attackers try these first.
PUBLISHED = frozenset(
    {
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
        "5f352379324c22463451387a0aec5d2f",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "c292a0a3aa32397cdb050e233733900f",
    }
)
# Words out of which people make a key that was meant to be replaced.
WORDS = (
    "admin", "app", "at", "be", "bits", "cat", "change", "changed", "changeit", "changeme", "changethis", "complex",
    "cookie", "default", "dev", "development", "django", "do", "dont", "example", "flask", "for", "generated", "guess",
    "hard", "here", "insecure", "jwt", "keep", "key", "keyboard", "least", "local", "long", "me", "must", "my", "need",
    "needs", "never", "not", "now", "ok", "on", "own", "password", "placeholder", "please", "private", "prod",
    "production", "random", "really", "replace", "safe", "secret", "secretkey", "secure", "server", "session", "should",
    "sign", "signing", "so", "something", "string", "super", "telehealth", "temporary", "test", "testing", "the", "this",
    "to", "token", "top", "use", "very", "value", "will", "with", "you", "your",
)  # fmt: skip
_WORDS = re.compile("|".join(sorted(WORDS, key=len, reverse=True)))
# zxcvbn's estimate, as a power of ten. 32 random hexadecimal digits have 31; rows of keys and repetitions below 20.
LEAST_GUESSES = 20.0
_SCORED_LENGTH = 72


def is_guessable(secret: str) -> bool:
    """True for a published key, known words with nothing much beside them, rows of keys, and repetitions."""
    if secret.strip().lower() in PUBLISHED:
        return True
    plain = "".join(sign for sign in secret.lower() if sign.isalnum())
    rest = _WORDS.sub("", plain).strip("0123456789")
    # Numbers alone can be random too.
    if len(rest) < len(plain) / 3 and not plain.isdigit():
        return True
    # Here, because only a start outside the demo needs its lists.
    from zxcvbn import zxcvbn

    return bool(zxcvbn(secret[:_SCORED_LENGTH])["guesses_log10"] < LEAST_GUESSES)
