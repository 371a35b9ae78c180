"""The headings of a consultation note, with their SNOMED CT codes.

Source: PRSB outpatient letter standard v2.2; codes from the NHS ITK3 FHIR Outpatient Letter heading page.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from telehealth.errors import N_


@dataclass(frozen=True, slots=True)
class Heading:
    """`code` is the SNOMED CT identifier; `title` and `hint` are translated where they are shown."""

    code: str
    title: str
    hint: str


HEADINGS: tuple[Heading, ...] = (
    Heading("717121000000105", N_("History"), N_("Why they came, and what has happened so far")),
    Heading("715851000000102", N_("Examination findings"), N_("What you saw and measured")),
    Heading("887161000000102", N_("Diagnoses"), N_("Confirmed or suspected")),
    Heading("887181000000106", N_("Clinical summary"), N_("The consultation in a few sentences")),
    Heading("887201000000105", N_("Plan and requested actions"), N_("Who does what, and by when")),
    Heading(
        "1052951000000105",
        N_("Information and advice given"),
        N_("What you told the patient, including when to seek help"),
    ),
)
BY_CODE: Mapping[str, Heading] = {heading.code: heading for heading in HEADINGS}
MAX_SECTION_LENGTH = 20_000


def is_empty(sections: Mapping[str, str]) -> bool:
    """True where nothing but white space is written under any heading."""
    return not any(text.strip() for text in sections.values())
