"""Recovery codes: how they are written, and how a typed one is read."""

# Without letters and digits that look alike (0 o, 1 i l) and without vowels, which make words.
LETTERS = "23456789bcdfghjkmnpqrstvwxyz"
GROUPS = 4
GROUP_LENGTH = 4
CODES = 10


def write_code(numbers: list[int]) -> str:
    """A code such as "7kqd-m2xp-9rtb-h4wz" from 16 random numbers below `len(LETTERS)`."""
    letters = "".join(LETTERS[number] for number in numbers)
    return "-".join(letters[start : start + GROUP_LENGTH] for start in range(0, len(letters), GROUP_LENGTH))


def normal_recovery_code(text: str) -> str | None:
    """A typed code without spaces and dashes, in small letters; None where it cannot be one."""
    letters = "".join(character for character in text.lower() if not character.isspace() and character != "-")
    is_one = len(letters) == GROUPS * GROUP_LENGTH and all(letter in LETTERS for letter in letters)
    return letters if is_one else None
