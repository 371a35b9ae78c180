"""The demonstration: people who do not exist, and a clinic that is always today, around now."""
