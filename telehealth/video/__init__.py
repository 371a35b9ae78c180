"""The waiting room and the call: join links, encounters, signalling."""
